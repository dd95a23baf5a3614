// The slot of a key in a cluster, as Redis' cluster specification has it. Pure.

export const SLOTS = 16_384;

/** CRC16 of the XMODEM kind, of each byte alone. */
const CRC16 = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  return crc;
});

/** What stands between the first `{` and the next `}` counts alone, if it isn't empty. */
export function slotOf(key: string): number {
  const start = key.indexOf('{');
  const end = start === -1 ? -1 : key.indexOf('}', start);
  const hashed = end > start + 1 ? key.slice(start + 1, end) : key;
  let crc = 0;
  for (const byte of Buffer.from(hashed)) crc = ((crc << 8) & 0xffff) ^ (CRC16[(crc >> 8) ^ byte] ?? 0);
  return crc % SLOTS;
}
