// A reader of a run's event stream: collects what comes, knows how it ended, and never reconnects by itself.
import { type ClientRequest, get, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http';
import { createParser } from 'eventsource-parser';
import type { ProgressMessage, SnapshotMessage } from './messages.ts';
import { createObserved } from './observed.ts';

export interface SseMessage {
  id: string | undefined;
  /** The name; undefined for a message that `onmessage` gets. */
  event: string | undefined;
  data: string;
}

export interface SseReader {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Everything with a name or without, in order. */
  readonly messages: readonly SseMessage[];
  /** The values of `retry:`. */
  readonly retries: readonly number[];
  /** The bytes as text. */
  readonly text: string;
  /** What `onmessage` gets, parsed. */
  all(): (SnapshotMessage | ProgressMessage)[];
  progress(): ProgressMessage[];
  snapshots(): SnapshotMessage[];
  until<T>(what: string, look: (reader: SseReader) => T | undefined | null | false): Promise<T>;
  /** 'end': the server ended it. 'broken': the connection was cut. */
  readonly ended: Promise<'end' | 'broken'>;
  close(): void;
}

/** Fulfilled with the answer's headers. */
export function openSse(url: string, headers: OutgoingHttpHeaders = {}): Promise<SseReader> {
  return new Promise((resolve, reject) => {
    const request: ClientRequest = get(url, { headers, agent: false }, (response) => {
      const messages: SseMessage[] = [];
      const parsed: (SnapshotMessage | ProgressMessage)[] = [];
      const retries: number[] = [];
      let text = '';
      let end: 'end' | 'broken' | undefined;
      const observed = createObserved(
        () => `${end ?? 'open'}, ${messages.length} messages, at last ${JSON.stringify(messages.slice(-3))}`,
      );
      const parser = createParser({
        onEvent: ({ id, event, data }) => {
          messages.push({ id, event, data });
          if (event === undefined) parsed.push(JSON.parse(data));
        },
        onRetry: (ms) => retries.push(ms),
      });
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
        parser.feed(chunk);
        observed.changed();
      });
      const ended = new Promise<'end' | 'broken'>((resolveEnd) => {
        const finish = (how: 'end' | 'broken') => {
          end ??= how;
          observed.changed();
          resolveEnd(end);
        };
        response.on('end', () => finish('end'));
        response.on('error', () => finish('broken'));
        response.on('close', () => finish('broken'));
      });
      const reader: SseReader = {
        status: response.statusCode ?? 0,
        headers: response.headers,
        messages,
        retries,
        get text() {
          return text;
        },
        all: () => parsed,
        progress: () => parsed.filter((message) => message.type === 'progress'),
        snapshots: () => parsed.filter((message) => message.type === 'initial_state'),
        until: (what, look) =>
          observed.until(what, () => {
            const found = look(reader);
            if (!found && end)
              throw new Error(`the stream ended (${end}) before ${what}: ${text.slice(-2000)}`);
            return found;
          }),
        ended,
        close: () => request.destroy(),
      };
      resolve(reader);
    });
    request.on('error', reject);
  });
}

/** Reads to the end, for a stream that ends by itself. */
export async function readSse(url: string, headers: OutgoingHttpHeaders = {}): Promise<SseReader> {
  const reader = await openSse(url, headers);
  await reader.ended;
  return reader;
}
