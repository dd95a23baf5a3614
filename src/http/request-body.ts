// Reads a request's body: bounded, and as text.
import type { IncomingMessage } from 'node:http';
import { HttpProblem } from './problem.ts';

/** The body as UTF-8 text. Throws 413 beyond `maxBytes`, without reading on. */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<string> {
  const tooLarge = new HttpProblem(413, 'too-large', `The body may have ${maxBytes} bytes at most.`, {
    headers: { Connection: 'close' },
  });
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge;
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBytes) throw tooLarge;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
