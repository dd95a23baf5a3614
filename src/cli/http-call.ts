// A request to a service, by Node's own http: undici would take longer to load than most commands run. It judges nothing.
import { type IncomingHttpHeaders, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';

export interface Call {
  method?: 'GET' | 'POST';
  headers: Readonly<Record<string, string>>;
  body?: string;
  /** Ends the call, and the body of its answer. */
  signal: AbortSignal;
  /** How long it may take until the head of the answer is there. */
  answerMs: number;
  /** How long the body may be silent. */
  silenceMs: number;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Whoever doesn't read it destroys it. An error ends it that breaks off, or is silent for too long. */
  readonly body: IncomingMessage;
}

/** What `error.code` says, beside the codes of Node. */
export type CallTimeout = 'CONNECT_TIMEOUT' | 'ANSWER_TIMEOUT' | 'SILENCE_TIMEOUT';

const CONNECT_MS = 10_000;

/** Rejects without an answer. Redirections are answers. */
export function call(
  url: string,
  { method = 'GET', headers, body, signal, ...limits }: Call,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const isSecure = url.startsWith('https:');
    const request = (isSecure ? requestHttps : requestHttp)(url, { method, headers, signal });
    const give = (code: CallTimeout) => () => request.destroy(Object.assign(new Error(code), { code }));
    const connecting = setTimeout(give('CONNECT_TIMEOUT'), CONNECT_MS);
    const answering = setTimeout(give('ANSWER_TIMEOUT'), limits.answerMs);
    request.on('socket', (socket) => {
      if (!socket.connecting) clearTimeout(connecting);
      else socket.once(isSecure ? 'secureConnect' : 'connect', () => clearTimeout(connecting));
    });
    request.on('close', () => {
      clearTimeout(connecting);
      clearTimeout(answering);
    });
    request.on('response', (response) => {
      clearTimeout(answering);
      const code: CallTimeout = 'SILENCE_TIMEOUT';
      response.setTimeout(limits.silenceMs, () => response.destroy(Object.assign(new Error(code), { code })));
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: response });
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** The body as text; of one that is longer than `most` bytes the beginning. */
export async function textOf(body: IncomingMessage, most: number): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= most) break;
  }
  return Buffer.concat(chunks).subarray(0, most).toString('utf8');
}
