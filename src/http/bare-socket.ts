// Answers on a bare socket, without Node's response object.
import { type OutgoingHttpHeaders, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { type HttpProblem, problemBody, problemHeaders } from './problem.ts';

/** How long a client may go on sending after its answer. It would lose the answer if the connection closed at once. */
const LINGER_MS = 2000;

/**
 * Status line and fields (RFC 9112, 4 and 5), with the empty line. Values are the service's own, and hold no line ends.
 * The `headers` must not have a name in common. They are not merged, as merging is slow and each reader needs this once.
 */
export function responseHead(status: number, ...headers: OutgoingHttpHeaders[]): string {
  let fields = '';
  for (const some of headers) for (const name of Object.keys(some)) fields += `${name}: ${some[name]}\r\n`;
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${fields}Date: ${httpDate()}\r\nConnection: close\r\n\r\n`;
}

let date = { second: 0, text: '' };

/** Made once a second, as a thousand readers may come back together. */
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
 * Sends a short answer, and closes when the client has closed its side, or after a while. Until then what the client sends
 * is read and thrown away: unread bytes make the close a reset, which can overtake the answer.
 */
export function endWith(socket: Duplex, answer: string) {
  const cut = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(cut));
  socket.once('end', () => socket.destroy());
  socket.end(answer);
  socket.resume();
}
