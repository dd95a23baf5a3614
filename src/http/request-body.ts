// Reads a request's body as text, within limits, or throws it away.
import type { IncomingMessage } from 'node:http';
import type { BodyPlace, BodyRoom } from './body-room.ts';
import { HttpProblem } from './problem.ts';

/** How much of an unwanted body is read, and for how long. */
const MAX_UNWANTED_BYTES = 64 * 1024 * 1024;
const UNWANTED_MS = 10_000;

export interface Body {
  readonly text: string;
  /** To be called when nothing of it is needed any more. */
  letGo(): void;
}

/**
 * Throws 400 for bytes that are no UTF-8, 413 beyond `maxBytes`, 415 for a coding or charset that is not supported, and 503
 * when there is no room for the body any more.
 */
export async function readBody(request: IncomingMessage, maxBytes: number, room: BodyRoom): Promise<Body> {
  checkCoding(request);
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const { bytes, place } = await collect(request, maxBytes, room);
  try {
    return { text: textOf(bytes), letGo: place.leave };
  } catch (error) {
    place.leave();
    throw error;
  }
}

/** The request is not destroyed, as that would take the connection with it before the client has its answer. */
function collect(request: IncomingMessage, maxBytes: number, room: BodyRoom) {
  return new Promise<{ bytes: Buffer; place: BodyPlace }>((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const place = room.enter(() => fail(tooManyBodies()));

    function stopReading() {
      request.off('data', take).off('end', end).off('close', fail);
    }

    function fail(error: Error = new Error('the client left before its body was whole')) {
      stopReading();
      place.leave();
      reject(error);
    }

    function take(chunk: Buffer) {
      length += chunk.length;
      if (length > maxBytes) return fail(tooLarge(maxBytes));
      chunks.push(chunk);
      place.grow(chunk.length);
    }

    function end() {
      stopReading();
      place.hasEnded();
      resolve({ bytes: Buffer.concat(chunks), place });
    }

    // While its token was verified, say, the client may have left: then no event comes any more.
    if (request.destroyed) return fail();
    request.on('data', take).on('end', end).on('close', fail);
  });
}

function tooLarge(maxBytes: number): HttpProblem {
  return new HttpProblem(413, 'too-large', `The body may have ${maxBytes} bytes at most.`);
}

function tooManyBodies(): HttpProblem {
  return new HttpProblem(
    503,
    'too-many-bodies',
    'Too many bodies are under way, and this one is the slowest: send it again.',
    { headers: { 'Retry-After': '2' } },
  );
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
  closeWhenRead(request);
  let length = 0;
  const cut = setTimeout(() => request.destroy(), UNWANTED_MS);
  request.on('close', () => clearTimeout(cut));
  request.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length > MAX_UNWANTED_BYTES) request.destroy();
  });
  request.resume();
}

/**
 * Node closes the connection at once when its last answer has been sent. Bytes that nobody has read make that a reset, which
 * overtakes the answer. So the service's side ends first, and the rest when the request has (RFC 9112, 9.6).
 */
function closeWhenRead(request: IncomingMessage) {
  const { socket } = request;
  const { destroySoon } = socket;
  let isLast = false;
  socket.destroySoon = () => {
    isLast = true;
    socket.end();
  };
  const letGo = () => {
    request.off('end', letGo).off('close', letGo);
    socket.destroySoon = destroySoon;
    if (isLast) socket.destroySoon();
  };
  request.on('end', letGo).on('close', letGo);
}
