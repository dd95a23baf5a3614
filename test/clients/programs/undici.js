import { EventSource } from 'undici';
import { followBy } from './event-source.js';

const source = followBy(EventSource, process.argv[2] ?? '');
// While it waits to come back nothing of its own keeps the process alive.
const alive = setInterval(() => {
  if (source.readyState === EventSource.CLOSED) clearInterval(alive);
}, 100);
