// Server-Sent Events of several runs over one connection, for pages with more runs than a browser has connections.
import type { ServerResponse } from 'node:http';
import type { Run } from '../runs/run.ts';
import { createSseFrames } from './sse-frames.ts';
import type { SseStreams } from './sse-streams.ts';

const frames = createSseFrames({ withIds: false });

/** A snapshot for each run that is known, then what comes. No ids: a reader that comes back begins anew. No end. */
export function streamRuns(streams: SseStreams, response: ServerResponse, runs: readonly Run[]) {
  const stream = streams.open(response, {
    onDrain: () => {
      for (const subscription of subscriptions) subscription.advance();
    },
    onClose: () => {
      for (const subscription of subscriptions) subscription.cancel();
    },
  });
  const reader = {
    isWritable: stream.isWritable,
    snapshot: (snapshot: Parameters<typeof frames.snapshot>[0]) => stream.write(frames.snapshot(snapshot)),
    events: (events: Parameters<typeof frames.events>[0]) => stream.write(frames.events(events)),
  };
  const subscriptions = runs.map((run) => run.subscribe(reader, null));
}
