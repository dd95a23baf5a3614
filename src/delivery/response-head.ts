// The head of a response as text, for answers that are written to a connection without Node's response object.
import { type OutgoingHttpHeaders, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

/** Status line and fields (RFC 9112, 4 and 5), with the empty line. Values are the service's own, and hold no line ends. */
export function responseHead(status: number, headers: OutgoingHttpHeaders): string {
  const all = { ...headers, Date: httpDate() };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n`;
}

let date = { second: 0, text: '' };

/** Made once a second: of a thousand readers that come back together, all get the same. */
function httpDate(): string {
  const second = Math.floor(Date.now() / 1000);
  if (second !== date.second) date = { second, text: new Date().toUTCString() };
  return date.text;
}

/** Sends all of an answer, and closes. Without it a client that never closes its own side would keep the connection. */
export function endWith(socket: Duplex, answer: string) {
  socket.end(answer, () => socket.destroy());
}
