// It takes a 204 for one more failure, so its user closes it at the end of the run.
import { EventSource } from 'launchdarkly-eventsource';
import { reportDone, reportMessage, reportReady } from './report.js';

const source = new EventSource(process.argv[2] ?? '', { errorFilter: () => true });
// An error that nobody listens for ends the process: one comes for each try while the service is away.
source.addEventListener('error', () => {});
source.addEventListener('ping', reportReady);
source.addEventListener('message', ({ data }) => {
  if (!reportMessage(data)) return;
  source.close();
  reportDone();
});
