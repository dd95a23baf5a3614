// A client of what a proxy answers, over HTTP/1.1 or HTTP/2: bytes as they come, and how the body ends.
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import * as http from 'node:http';
import { type ClientHttp2Session, connect } from 'node:http2';
import * as https from 'node:https';
import type { Readable } from 'node:stream';
import { createObserved } from '../support/observed.ts';

export type HttpVersion = '1.1' | '2';

export interface Ask {
  method?: 'GET' | 'POST';
  headers?: Record<string, string>;
  body?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The body so far. */
  readonly text: string;
  /** Fulfilled when the body so far has it. Rejects when the body ends before. */
  until<T>(what: string, look: (text: string) => T | undefined | null | false): Promise<T>;
  /** 'broken': it was not whole. */
  readonly ended: Promise<'end' | 'broken'>;
  close(): void;
}

export interface FrontClient {
  readonly version: HttpVersion;
  /** Fulfilled with the head. Of HTTP/2 all share one connection, as in a browser. */
  ask(path: string, ask?: Ask): Promise<Answer>;
  close(): void;
}

/** It hangs; on a busy machine answers take seconds. */
const DEADLINE_MS = 60_000;

/** Certificates are made by the tests, so none is checked. */
export function createFrontClient(url: string, version: HttpVersion): FrontClient {
  const { ask, ...client } = version === '2' ? createHttp2Client(url) : createHttp1Client(url);
  return {
    ...client,
    ask: async (path, options) => {
      let timer: NodeJS.Timeout | undefined;
      const inVain = new Promise<never>((_, reject) => {
        const error = new Error(`no answer to ${path} over HTTP/${version}`);
        timer = setTimeout(reject, DEADLINE_MS, error);
      });
      return Promise.race([ask(path, options), inVain]).finally(() => clearTimeout(timer));
    },
  };
}

/** The whole answer. */
export async function askWhole(client: FrontClient, path: string, ask: Ask = {}) {
  const answer = await client.ask(path, ask);
  const ending = await answer.ended;
  return { status: answer.status, headers: answer.headers, text: answer.text, ending };
}

function createHttp1Client(url: string): FrontClient {
  const { request } = url.startsWith('https:') ? https : http;
  return {
    version: '1.1',
    ask: (path, { method = 'GET', headers = {}, body } = {}) =>
      new Promise((resolve, reject) => {
        const options = { method, headers: { ...headers, ...lengthOf(body) }, agent: false };
        const sent = request(`${url}${path}`, { ...options, rejectUnauthorized: false }, (response) =>
          resolve(
            answerOf(response, response.statusCode ?? 0, response.headers, {
              isWhole: () => response.complete,
              close: () => sent.destroy(),
            }),
          ),
        );
        sent.on('error', reject);
        sent.end(body);
      }),
    close: () => {},
  };
}

function createHttp2Client(url: string): FrontClient {
  let session: ClientHttp2Session | undefined;
  const open = () => {
    if (session && !session.closed && !session.destroyed) return session;
    session = connect(url, { rejectUnauthorized: false });
    // Each request on it says so as well.
    session.on('error', () => {});
    return session;
  };
  return {
    version: '2',
    ask: (path, { method = 'GET', headers = {}, body } = {}) =>
      new Promise((resolve, reject) => {
        const head: OutgoingHttpHeaders = { ...headers, ...lengthOf(body), ':method': method, ':path': path };
        const stream = open().request(head, { endStream: body === undefined });
        stream.on('response', (answered) =>
          resolve(
            answerOf(stream, answered[':status'] ?? 0, answered, {
              isWhole: () => stream.rstCode === 0,
              close: () => stream.close(),
            }),
          ),
        );
        stream.on('error', reject);
        stream.on('close', () => reject(new Error(`closed without an answer (${stream.rstCode})`)));
        if (body !== undefined) stream.end(body);
      }),
    close: () => session?.destroy(),
  };
}

interface Body {
  /** At its end. */
  isWhole(): boolean;
  close(): void;
}

/** As browsers send it. Without it some proxies refuse a body. */
function lengthOf(body: string | undefined) {
  return body === undefined ? {} : { 'content-length': `${Buffer.byteLength(body)}` };
}

function answerOf(
  body: Readable,
  status: number,
  headers: IncomingHttpHeaders,
  { isWhole, close }: Body,
): Answer {
  let text = '';
  let end: 'end' | 'broken' | undefined;
  const observed = createObserved(() => `${status} ${JSON.stringify(headers)} ${text.slice(-1000)}`);
  const ended = new Promise<'end' | 'broken'>((resolve) => {
    const finish = (how: 'end' | 'broken') => {
      end ??= how;
      observed.changed();
      resolve(end);
    };
    body.on('error', () => finish('broken'));
    body.on('close', () => finish(isWhole() ? 'end' : 'broken'));
  });
  body.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    observed.changed();
  });
  return {
    status,
    headers,
    get text() {
      return text;
    },
    until: (what, look) =>
      observed.until(what, () => {
        const found = look(text);
        if (!found && end)
          throw new Error(`the body ended (${end}) before ${what}: ${status} ${text.slice(-1000)}`);
        return found;
      }),
    ended,
    close,
  };
}
