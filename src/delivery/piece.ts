// A piece of a body, as bytes that all its readers share. It is framed once as a chunk (RFC 9112, 7.1) for HTTP/1.1; within
// the chunk lies its plain form, for HTTP/1.0.

export interface Piece {
  readonly chunk: readonly Buffer[];
  readonly plain: readonly Buffer[];
}

/** Ends a body. */
export const LAST_CHUNK = '0\r\n\r\n';

const END = '\r\n';
const END_BYTES = Buffer.from(END);

export function createPiece(text: string): Piece {
  if (text === '') return { chunk: [], plain: [] };
  const chunk = Buffer.from(chunkOf(text));
  return { chunk: [chunk], plain: [chunk.subarray(chunk.indexOf(END) + END.length, -END.length)] };
}

/** A text that one reader alone gets, as a chunk. An empty one has none: that would be the last one. */
export function chunkOf(text: string): string {
  return text === '' ? '' : `${Buffer.byteLength(text).toString(16)}${END}${text}${END}`;
}

/** A piece of large buffers, which are not copied. */
export function createLargePiece(plain: readonly Buffer[]): Piece {
  const length = plain.reduce((sum, bytes) => sum + bytes.length, 0);
  return { chunk: [Buffer.from(`${length.toString(16)}${END}`), ...plain, END_BYTES], plain };
}
