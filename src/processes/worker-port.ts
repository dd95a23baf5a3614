// The channel between the primary and a worker, at either end.
import type { Worker } from 'node:cluster';
import type { Port } from './talk.ts';

/** The other side has ended. 'exit' tells the primary so; a worker ends with its primary. */
function ignoreClosedChannel() {}

export function createWorkerPort(worker: Worker): Port {
  return {
    // Without a callback a channel that has closed would be an 'error' event, which ends the process.
    send: (message) => {
      worker.send(message, ignoreClosedChannel);
    },
    onMessage: (listen) => {
      worker.on('message', listen);
    },
  };
}
