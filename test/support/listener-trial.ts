// The listener of raw messages, what it records under which names, and a clock that stands still until it is told.
import type { Recording } from '../../src/runs/recording.ts';
import { createListener, type Listener } from '../../src/stores/raw-listener.ts';
import { createTally } from '../../src/stores/tally.ts';
import { createKeptLog } from './kept-log.ts';

export function setUpListener() {
  const recorded: Recording[] = [];
  const tally = createTally(createKeptLog());
  const heard: string[] = [];
  let ms = 0;
  const tested = createListener({
    push: (recording) => {
      recorded.push(recording);
      heard.push(recording.update.log ?? '');
    },
    onNewEpoch: () => heard.push('new epoch'),
    onOtherNode: () => heard.push('other node'),
    tally,
    now: () => ms,
  });
  /** Of the connection that was attached last, which most tests have alone. */
  let last = '';
  const listener = {
    ...tested,
    attach: (token: string, node?: string) => {
      last = token;
      tested.attach(token, node);
    },
    detach: (token: string) => {
      tested.detach(token);
      if (token === last) last = '';
    },
    onMarker: (text: string, token = last) => tested.onMarker(text, token),
    onMessage: (text: string, token = last) => tested.onMessage(text, token),
  } satisfies Listener;
  return {
    listener,
    tally,
    heard,
    message: (log: string) => listener.onMessage(JSON.stringify({ run_id: 'r', log })),
    names: () => recorded.map(({ update, name }) => [update.log, name.source, name.n]),
    wait: (time: number) => {
      ms += time;
    },
  };
}
