// Event streams of one run and of several, and long polling, their finite form. Opens the runs that a request names, or
// answers that there is nothing to wait for.
import { createNdjson } from '../delivery/ndjson.ts';
import type { OpenStreams } from '../delivery/open-streams.ts';
import { createSse } from '../delivery/sse.ts';
import type { Start } from '../delivery/stream.ts';
import { createText } from '../delivery/text.ts';
import type { Hub } from '../runs/hub.ts';
import { endWith, rawProblem, responseHead } from './bare-socket.ts';
import type { AddressOf } from './client-address.ts';
import type { Connections } from './connections.ts';
import { HttpProblem } from './problem.ts';
import { runInPath, type WantedRun, wantedRun, wantedRuns } from './requested-run.ts';
import type { Route, TakeOverContext } from './route.ts';
import { type Formats, formatOf, waitMsOf } from './stream-options.ts';

export interface StreamEndpointOptions {
  hub: Hub;
  streams: OpenStreams;
  connections: Connections;
  addressOf: AddressOf;
}

/** The limit for a request for several runs: every proxy accepts this much. */
const MAX_URL_BYTES = 6 * 1024;
/** Width of the column with the run's name, in the text format of several runs. */
const RUN_COLUMNS = 20;

const HEADERS = {
  'Cache-Control': 'no-cache, no-store, no-transform',
  // Proxies that compress what they can would hold events back.
  'Content-Encoding': 'identity',
  'X-Accel-Buffering': 'no',
};
const CHUNKED_HEADERS = { ...HEADERS, 'Transfer-Encoding': 'chunked' };
const NOT_STORED = { 'Cache-Control': 'no-store' };
/** After a shutdown not all come back at once. */
const MOST_RETRY_SECONDS = 5;

const ofOneRun: Formats = {
  sse: createSse({ withIds: true }),
  ndjson: createNdjson(),
  text: createText(),
};
/** A stream of several runs has no cursor for EventSource to send: the messages contain the ids. */
const ofSeveralRuns: Formats = {
  sse: createSse({ withIds: false }),
  ndjson: ofOneRun.ndjson,
  text: createText({ runColumns: RUN_COLUMNS }),
};

export function streamRoutes({ hub, streams, connections, addressOf }: StreamEndpointOptions): Route[] {
  /** Holds the run as well: others of the request may take longer to open, and this one is in use meanwhile. */
  async function start({ runId, cursor }: WantedRun, client: () => string): Promise<Start> {
    const run = await hub.open(runId, { cursor, client });
    run.hold();
    return { run, cursor };
  }

  async function read(context: TakeOverContext, wanted: readonly WantedRun[], formats: Formats) {
    const { head, socket, headers, query, runIds, permit } = context;
    const waitMs = waitMsOf(query);
    const formatName = formatOf(head, query, waitMs === null ? 'sse' : 'ndjson');
    const format = formats[formatName];
    const client = () => addressOf(head, socket);
    const opened = await Promise.allSettled(wanted.map((run) => start(run, client)));
    try {
      const starts = opened.map(fulfilled);
      if (socket.destroyed) return;
      const endsWithRun = formats === ofOneRun;
      const nothing = () => responseHead(204, headers, NOT_STORED);
      const hasAll = starts.every(({ run, cursor }) => run.isFinishedFor(cursor));
      // 204 tells EventSource not to come back.
      if (hasAll && (endsWithRun || waitMs !== null)) return endWith(socket, nothing());
      const isChunked = head.httpVersion !== '1.0';
      const contentType = { 'Content-Type': format.contentType };
      const streamHead = responseHead(200, headers, contentType, isChunked ? CHUNKED_HEADERS : HEADERS);
      if (head.method === 'HEAD') return endWith(socket, streamHead);
      const transport = waitMs === null ? formatName : 'long-poll';
      const from = starts.map(({ cursor }) => cursor);
      const connection = { transport, runIds, from, permit, address: client } as const;
      await connections.enter(socket, connection, () => {
        if (waitMs === null)
          return streams.open(socket, { format, isChunked, head: streamHead, endsWithRun }, starts);
        const closing = rawProblem(shuttingDown(), headers);
        const answer = { format, isChunked, head: streamHead, waitMs, nothing: nothing(), closing };
        return streams.answerOnce(socket, answer, starts);
      });
    } finally {
      for (const one of opened) if (one.status === 'fulfilled') one.value.run.letGo();
    }
  }

  return [
    {
      method: 'GET',
      path: '/api/runs/:run_id/events',
      scope: 'read',
      runsOf: runInPath,
      takeOver: (context) =>
        read(context, [wantedRun(context.head, context.query, context.runIds)], ofOneRun),
    },
    {
      method: 'GET',
      path: '/api/events',
      scope: 'read',
      runsOf: ({ query }) => wantedRuns(query).map(({ runId }) => runId),
      takeOver: async (context) => {
        if ((context.head.url ?? '').length > MAX_URL_BYTES) throw urlTooLong();
        await read(context, wantedRuns(context.query), ofSeveralRuns);
      },
    },
  ];
}

function fulfilled<T>(result: PromiseSettledResult<T>): T {
  if (result.status === 'rejected') throw result.reason;
  return result.value;
}

function urlTooLong(): HttpProblem {
  return new HttpProblem(
    414,
    'url-too-long',
    `Up to ${MAX_URL_BYTES} bytes: ask for the rest of the runs on another connection.`,
  );
}

function shuttingDown(): HttpProblem {
  const seconds = 1 + Math.floor(Math.random() * MOST_RETRY_SECONDS);
  return new HttpProblem(503, 'shutting-down', 'The service shuts down: ask again.', {
    headers: { 'Retry-After': String(seconds) },
  });
}
