// Compresses what the service serves of public/ once, as well as can be, into dist/public/.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const FOLDER = 'dist/public';
/** What saves less is not worth another file. */
const WORTH = 0.9;

/** Those of an earlier build would be of other files. */
export function removeCompressed() {
  rmSync(FOLDER, { recursive: true, force: true });
}

export function compressFiles() {
  removeCompressed();
  mkdirSync(FOLDER, { recursive: true });
  for (const name of readdirSync('public')) {
    const bytes = readFileSync(`public/${name}`);
    const sizeHint = { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
    const compressed = {
      br: brotliCompressSync(bytes, { params: sizeHint }),
      gz: gzipSync(bytes, { level: 9 }),
    };
    for (const [ending, less] of Object.entries(compressed))
      if (less.length < bytes.length * WORTH) writeFileSync(`${FOLDER}/${name}.${ending}`, less);
  }
}
