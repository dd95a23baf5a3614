// Answers on a bare socket: on a connection with which Node's response object has nothing to do.
import { type OutgoingHttpHeaders, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { type HttpProblem, problemBody, problemHeaders } from './problem.ts';

/** A client that has its answer may send on for so long, and would lose the answer if the connection closed before. */
const LINGER_MS = 2000;

/**
 * Status line and fields (RFC 9112, 4 and 5), with the empty line. Values are the service's own, and hold no line ends.
 * No two of `headers` may have a name in common: nothing is merged, as this is made for each of ten thousand readers.
 */
export function responseHead(status: number, ...headers: OutgoingHttpHeaders[]): string {
  let fields = '';
  for (const some of headers) for (const name of Object.keys(some)) fields += `${name}: ${some[name]}\r\n`;
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${fields}Date: ${httpDate()}\r\nConnection: close\r\n\r\n`;
}

let date = { second: 0, text: '' };

/** Made once a second: of a thousand readers that come back together, all get the same. */
function httpDate(): string {
  const second = Math.floor(Date.now() / 1000);
  if (second !== date.second) date = { second, text: new Date().toUTCString() };
  return date.text;
}

/** `isHead`: without the body. */
export function rawProblem(problem: HttpProblem, headers: OutgoingHttpHeaders = {}, isHead = false): string {
  const body = problemBody(problem);
  return (
    responseHead(problem.status, { ...headers, ...problemHeaders(problem, body) }) + (isHead ? '' : body)
  );
}

/**
 * Sends all of a short answer, and closes: at the latest after a while, as a client need never close its own side. What
 * it still sends is read and thrown away: bytes that lie unread at a close are answered by a reset, which can overtake
 * the answer.
 */
export function endWith(socket: Duplex, answer: string) {
  const cut = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(cut));
  socket.once('end', () => socket.destroy());
  socket.end(answer);
  socket.resume();
}
