// A piece of a body, as bytes that all its readers share: framed once as a chunk (RFC 9112, 7.1), for HTTP/1.1, in one
// buffer with its plain form, for HTTP/1.0.

export interface Piece {
  readonly chunk: Buffer;
  readonly plain: Buffer;
}

/** Says that the body is whole. */
export const LAST_CHUNK = '0\r\n\r\n';

const END = '\r\n';

/** An empty text has no chunk: that would be the last one. */
export function createPiece(text: string): Piece {
  if (text === '') return { chunk: Buffer.alloc(0), plain: Buffer.alloc(0) };
  const size = `${Buffer.byteLength(text).toString(16)}${END}`;
  const chunk = Buffer.from(`${size}${text}${END}`);
  return { chunk, plain: chunk.subarray(size.length, -END.length) };
}

/** The piece made of `key`, kept as long as that. */
export function memoPiece<K extends object>(known: WeakMap<K, Piece>, key: K, make: () => string): Piece {
  let piece = known.get(key);
  if (!piece) {
    piece = createPiece(make());
    known.set(key, piece);
  }
  return piece;
}
