// The mark in each update's log line: which update it is, and when it went out. Readers look for marks in the bytes that
// come and parse nothing else, neither SSE, chunks, frames nor JSON: the load generator must not be what is measured.

/** Readers' and publisher's clock, in µs. They share a process, so it is the same. */
export const nowUs = () => Math.round(performance.now() * 1000);

const SEQUENCE_DIGITS = 6;
const TIME_DIGITS = 15;
/** `#000042:000000012345678#` */
const MARK_BYTES = 1 + SEQUENCE_DIGITS + 1 + TIME_DIGITS + 1;
const [HASH, COLON, ZERO, NINE] = [0x23, 0x3a, 0x30, 0x39];

/** `sequence` counts from 0. */
export function formatMark(sequence: number, sentUs: number): string {
  return `#${String(sequence).padStart(SEQUENCE_DIGITS, '0')}:${String(sentUs).padStart(TIME_DIGITS, '0')}#`;
}

/** Takes what one connection brings, in pieces as they come; a mark may lie across two. The bytes are not kept. */
export function createMarkScanner(
  onMark: (sequence: number, sentUs: number) => void,
): (piece: Buffer) => void {
  let begun: Buffer | undefined;

  return (piece) => {
    const bytes = begun ? Buffer.concat([begun, piece]) : piece;
    begun = undefined;
    for (let at = bytes.indexOf(HASH); at !== -1; at = bytes.indexOf(HASH, at + 1)) {
      if (at + MARK_BYTES > bytes.length) {
        begun = Buffer.from(bytes.subarray(at));
        return;
      }
      const colon = at + 1 + SEQUENCE_DIGITS;
      const end = colon + 1 + TIME_DIGITS;
      const sequence = integer(bytes, at + 1, colon);
      const sentUs = integer(bytes, colon + 1, end);
      // The header of a WebSocket frame may hold any byte.
      if (sequence === -1 || sentUs === -1 || bytes[colon] !== COLON || bytes[end] !== HASH) continue;
      onMark(sequence, sentUs);
      at = end;
    }
  };
}

/** -1: not only digits. */
function integer(bytes: Buffer, from: number, to: number): number {
  let value = 0;
  for (let i = from; i < to; i++) {
    const byte = bytes[i] ?? 0;
    if (byte < ZERO || byte > NINE) return -1;
    value = value * 10 + byte - ZERO;
  }
  return value;
}
