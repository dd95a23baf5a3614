// Server-Sent Events: one run as text/event-stream (WHATWG HTML, 9.2), from a snapshot or a cursor to its end.
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { eventJson, type RunEvent } from '../runs/event.ts';
import type { Reader, Run } from '../runs/run.ts';
import type { SnapshotText } from '../runs/snapshot.ts';
import { type ByteStream, openByteStream } from './byte-stream.ts';
import type { Heartbeat } from './heartbeat.ts';

export const SSE_HEADERS: OutgoingHttpHeaders = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-cache, no-store, no-transform',
  'X-Accel-Buffering': 'no',
};

/** When to come back after a connection that broke: spread, so that not all come at once. Ms. */
const RETRY_MS = { least: 1000, most: 3000 };
/** The same after a shutdown, when all streams end together. */
const SHUTDOWN_RETRY_MS = { least: 500, most: 5000 };
/** A socket that takes nothing for so many heartbeats has nobody behind it. */
const MAX_STALLED_BEATS = 4;

export interface Sse {
  /** Streams a run that the hub has opened. */
  stream(request: IncomingMessage, response: ServerResponse, run: Run, cursor: number | null): void;
  /** Ends every stream cleanly, each with its own moment to come back. */
  close(): void;
}

export interface SseOptions {
  heartbeat: Heartbeat;
  onOpen(): void;
  onClose(): void;
}

export function createSse({ heartbeat, onOpen, onClose }: SseOptions): Sse {
  const streams = new Set<ByteStream>();

  function stream(request: IncomingMessage, response: ServerResponse, run: Run, cursor: number | null) {
    if (request.method === 'HEAD') {
      response.writeHead(200, SSE_HEADERS).end();
      return;
    }
    const bytes = openByteStream(response, SSE_HEADERS, {
      onDrain: () => subscription.advance(),
      onClose: () => {
        streams.delete(bytes);
        heartbeat.delete(beating);
        subscription.cancel();
        onClose();
      },
    });
    const beating = {
      get writtenAt() {
        return bytes.writtenAt;
      },
      beat: () => {
        if (bytes.isWritable()) bytes.write(pingFrame());
        else if (Date.now() - bytes.writtenAt > MAX_STALLED_BEATS * heartbeat.intervalMs) bytes.destroy();
      },
    };
    const reader: Reader = {
      isWritable: bytes.isWritable,
      snapshot: (snapshot) => bytes.write(snapshotFrame(snapshot)),
      events: (events) => bytes.write(eventFrames(events)),
      finished: () => bytes.end(),
    };
    onOpen();
    streams.add(bytes);
    bytes.write(retryFrame(RETRY_MS) + pingFrame());
    heartbeat.add(beating);
    const subscription = run.subscribe(reader, cursor);
  }

  return {
    stream,
    close: () => {
      for (const bytes of streams) {
        bytes.write(retryFrame(SHUTDOWN_RETRY_MS));
        bytes.end();
      }
    },
  };
}

function retryFrame({ least, most }: { least: number; most: number }): string {
  return `retry: ${Math.round(least + Math.random() * (most - least))}\n\n`;
}

/** A named event: it disturbs no `onmessage`, and page code can watch for it, which it can't for a comment. */
function pingFrame(): string {
  return `event: ping\ndata: ${Date.now()}\n\n`;
}

const snapshotFrames = new WeakMap<SnapshotText, Buffer>();
const joinedFrames = new WeakMap<readonly RunEvent[], Buffer>();

function snapshotFrame(snapshot: SnapshotText): Buffer {
  const known = snapshotFrames.get(snapshot);
  if (known) return known;
  const frame = Buffer.from(messageFrame(snapshot.id, snapshot.json));
  snapshotFrames.set(snapshot, frame);
  return frame;
}

/** Encoded once for all readers at the same cursor, who get the same array. */
function eventFrames(events: readonly RunEvent[]): Buffer {
  const known = joinedFrames.get(events);
  if (known) return known;
  const frames = Buffer.from(events.map((event) => messageFrame(event.id, eventJson(event))).join(''));
  joinedFrames.set(events, frames);
  return frames;
}

/** JSON has no line ends of its own, so one `data:` line holds it. */
function messageFrame(id: number, json: string): string {
  return `id: ${id}\ndata: ${json}\n\n`;
}
