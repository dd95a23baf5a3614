// Server-Sent Events of one run: from a snapshot or a cursor to its end.
import type { ServerResponse } from 'node:http';
import type { Run } from '../runs/run.ts';
import { createSseFrames } from './sse-frames.ts';
import type { SseStreams } from './sse-streams.ts';

const frames = createSseFrames({ withIds: true });

/** Streams a run that the hub has opened. The response ends when the run is done and all of it was sent. */
export function streamRun(streams: SseStreams, response: ServerResponse, run: Run, cursor: number | null) {
  const stream = streams.open(response, {
    onDrain: () => subscription.advance(),
    onClose: () => subscription.cancel(),
  });
  const subscription = run.subscribe(
    {
      isWritable: stream.isWritable,
      snapshot: (snapshot) => stream.write(frames.snapshot(snapshot)),
      events: (events) => stream.write(frames.events(events)),
      finished: stream.end,
    },
    cursor,
  );
}
