// The log on the page: lines and notes, appended as they come, following its end until the reader scrolls away.

/** So near to its end the log counts as being there, in pixels. */
const NEAR_END = 8;

/**
 * @typedef {object} LogView
 * @property {(log: readonly import('./run.js').Entry[], words: import('./words.js').Words) => void} show
 */

/**
 * @param {HTMLElement} frame Scrolls.
 * @param {HTMLElement} newLinesButton Shown while lines are below that the reader has not seen.
 * @returns {LogView}
 */
export function createLogView(frame, newLinesButton) {
  const list = frame.appendChild(document.createElement('ol'));
  // What scrolls must be reachable without a mouse.
  frame.tabIndex = 0;
  /** @type {readonly import('./run.js').Entry[]} */
  let shown = [];
  let language = '';
  let unseen = 0;

  const isAtEnd = () => frame.scrollHeight - frame.scrollTop - frame.clientHeight <= NEAR_END;

  function toEnd() {
    frame.scrollTop = frame.scrollHeight;
    unseen = 0;
    newLinesButton.hidden = true;
  }

  frame.addEventListener('scroll', () => {
    if (isAtEnd()) toEnd();
  });
  newLinesButton.addEventListener('click', () => {
    toEnd();
    // The button goes, and the focus would with it.
    frame.focus({ preventScroll: true });
  });

  return {
    show: (log, words) => {
      if (log === shown && words.language === language) return;
      frame.dataset.empty = words.noLines;
      const wasAtEnd = isAtEnd();
      const kept = words.language === language ? keptOf(shown, log) : 0;
      while (list.children.length > kept) list.lastElementChild?.remove();
      list.append(...log.slice(kept).map((entry) => row(entry, words)));
      unseen = kept === 0 ? 0 : unseen + log.length - kept;
      shown = log;
      language = words.language;
      if (wasAtEnd || kept === 0) toEnd();
      newLinesButton.hidden = unseen === 0;
      newLinesButton.textContent = words.newLines(unseen);
    },
  };
}

/**
 * How many rows stay: a run appends to its log, and anything else is a new one.
 *
 * @param {readonly unknown[]} shown
 * @param {readonly unknown[]} log
 */
function keptOf(shown, log) {
  const last = shown.length - 1;
  return shown[0] === log[0] && shown[last] === log[last] ? shown.length : 0;
}

/**
 * @param {import('./run.js').Entry} entry
 * @param {import('./words.js').Words} words
 */
function row(entry, words) {
  const item = document.createElement('li');
  if ('note' in entry) {
    item.className = 'note';
    item.append(words.notes[entry.note]);
    return item;
  }
  const time = document.createElement('time');
  if (entry.ts !== null) {
    time.dateTime = new Date(entry.ts).toISOString();
    time.textContent = words.time(entry.ts);
  }
  const text = document.createElement('span');
  text.textContent = entry.text;
  item.append(time, text);
  return item;
}
