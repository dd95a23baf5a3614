// Event streams: from a request to the runs that are read, or to the answer that there is nothing to wait for.
import type { OutgoingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import { endWith, responseHead } from '../delivery/response-head.ts';
import { createSseFrames } from '../delivery/sse-frames.ts';
import { SSE_HEADERS, type SseStreams } from '../delivery/sse-streams.ts';
import { SNAPSHOT } from '../runs/cursor.ts';
import type { Hub } from '../runs/hub.ts';
import type { ConnectionLimit } from './connection-limit.ts';
import type { RequestHead } from './plain-head.ts';
import { HttpProblem } from './problem.ts';
import type { Handler, StreamHandler } from './router.ts';
import { cursorOf, openRun, runIdOf } from './run-request.ts';

export interface StreamEndpointOptions {
  hub: Hub;
  sseStreams: SseStreams;
  limit: ConnectionLimit;
}

/** A GET takes the connection over; a HEAD is told what it would begin with, or what is wrong. */
interface StreamMethods {
  stream: StreamHandler;
  head: Handler;
}

export interface StreamEndpoint {
  /** One run, from the reader's cursor to its end. */
  one: StreamMethods;
  /** Several runs over one connection. */
  many: StreamMethods;
}

/** Of a request for several runs: they fit into what every proxy lets through. */
const MAX_URL_BYTES = 6 * 1024;

const runFrames = createSseFrames({ withIds: true });
/** A stream of several runs has no cursor: whoever comes back begins anew. */
const runsFrames = createSseFrames({ withIds: false });

export function createStreamEndpoint({ hub, sseStreams, limit }: StreamEndpointOptions): StreamEndpoint {
  return {
    one: {
      stream: async ({ head, socket, headers, params, query }) => {
        const runId = runIdOf(params.get('run_id'));
        const cursor = cursorOf(head, query);
        const run = await openRun(hub, runId, { cursor });
        if (socket.destroyed) return;
        if (run.isFinishedFor(cursor)) return sendNothingMore(socket, headers);
        limit.check();
        sseStreams.open(socket, headers, runFrames, (reader) => [run.subscribe(reader, cursor)]);
      },
      head: ({ response, params }) => {
        runIdOf(params.get('run_id'));
        response.writeHead(200, SSE_HEADERS).end();
      },
    },
    many: {
      stream: async ({ head, socket, headers, query }) => {
        const runs = await Promise.all(runIdsOf(head, query).map((runId) => openRun(hub, runId)));
        if (socket.destroyed) return;
        limit.check();
        sseStreams.open(socket, headers, runsFrames, (reader) =>
          runs.map((run) => run.subscribe(reader, SNAPSHOT)),
        );
      },
      head: ({ request, response, query }) => {
        runIdsOf(request, query);
        response.writeHead(200, SSE_HEADERS).end();
      },
    },
  };
}

function runIdsOf({ url = '' }: RequestHead, query: URLSearchParams): string[] {
  const runIds = [...new Set(query.getAll('run').map(runIdOf))];
  if (runIds.length === 0) throw new HttpProblem(400, 'no-run', 'Name at least one run: ?run=A&run=B.');
  if (url.length <= MAX_URL_BYTES) return runIds;
  throw new HttpProblem(
    414,
    'url-too-long',
    `Up to ${MAX_URL_BYTES} bytes: open another stream for the rest.`,
  );
}

/** EventSource takes 204 as the wish not to come back. */
function sendNothingMore(socket: Socket, headers: OutgoingHttpHeaders) {
  endWith(socket, responseHead(204, { ...headers, 'Cache-Control': 'no-store', Connection: 'close' }));
}
