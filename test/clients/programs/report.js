// What every client of these tests prints: `ready` when its connection stands, a line for each message, `done` at the end.
let isReady = false;

export function reportReady() {
  if (!isReady) console.log('ready');
  isReady = true;
}

/** @param {string} data @returns {boolean} the run is done */
export function reportMessage(data) {
  const message = JSON.parse(data);
  console.log(`${message.type} ${message.id} ${message.message ?? ''}`);
  return message.done === true;
}

export function reportDone() {
  console.log('done');
}
