import { EventSource } from 'eventsource-3';
import { followBy } from './event-source.js';

followBy(EventSource, process.argv[2] ?? '');
