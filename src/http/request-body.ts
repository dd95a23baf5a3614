// A request's body: read as text, within bounds; or thrown away.
import type { IncomingMessage } from 'node:http';
import { HttpProblem } from './problem.ts';

/** How much of a body nobody wants is read on, and how long. */
const MAX_UNWANTED_BYTES = 64 * 1024 * 1024;
const UNWANTED_MS = 10_000;

/** The body as text. Throws 400 for what is no UTF-8, 413 beyond `maxBytes`, 415 for a coding or charset that isn't read. */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<string> {
  checkCoding(request);
  const tooLarge = new HttpProblem(413, 'too-large', `The body may have ${maxBytes} bytes at most.`);
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge;
  const chunks: Buffer[] = [];
  let length = 0;
  // Not destroyed, as that would take the connection with it before the client has its answer.
  const body: AsyncIterable<Buffer> = request.iterator({ destroyOnReturn: false });
  for await (const chunk of body) {
    length += chunk.length;
    if (length > maxBytes) throw tooLarge;
    chunks.push(chunk);
  }
  return textOf(Buffer.concat(chunks));
}

function checkCoding({ headers }: IncomingMessage) {
  const coding = headers['content-encoding']?.trim().toLowerCase() ?? '';
  if (coding !== '' && coding !== 'identity')
    throw new HttpProblem(415, 'unsupported-coding', `Send the body as it is, not as "${coding}".`, {
      headers: { 'Accept-Encoding': 'identity' },
    });
  const charset = /;\s*charset\s*=\s*"?([^\s";]*)/i.exec(headers['content-type'] ?? '')?.[1] ?? 'utf-8';
  if (!['utf-8', 'utf8', 'us-ascii'].includes(charset.toLowerCase()))
    throw new HttpProblem(415, 'unsupported-charset', `Send the body as UTF-8, not as "${charset}".`);
}

function textOf(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    // A TypeError: to put U+FFFD in their place would record what nobody wrote.
    throw new HttpProblem(400, 'not-utf-8', 'The body is not UTF-8.');
  }
}

/**
 * Reads on what an answered request still sends, so that its client comes to read the answer, and the connection serves
 * the next one. A client that sends more than that is cut.
 */
export function throwAwayRest(request: IncomingMessage) {
  if (request.complete || request.destroyed) {
    request.resume();
    return;
  }
  let length = 0;
  const cut = setTimeout(() => request.destroy(), UNWANTED_MS);
  request.on('close', () => clearTimeout(cut));
  request.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length > MAX_UNWANTED_BYTES) request.destroy();
  });
  request.resume();
}
