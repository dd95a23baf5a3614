import EventSource from 'eventsource-2';
import { followBy } from './event-source.js';

followBy(EventSource, process.argv[2] ?? '');
