import { EventSource } from 'eventsource';
import { followBy } from './event-source.js';

followBy(EventSource, process.argv[2] ?? '');
