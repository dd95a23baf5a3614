// Fails when the element has grown beyond what a page should pay for it.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const MAX_BYTES = 18_000;

const bytes = gzipSync(readFileSync('public/run-progress.js'), { level: 9 }).length;
console.log(`public/run-progress.js: ${bytes} bytes gzip, at most ${MAX_BYTES}`);
if (bytes > MAX_BYTES) process.exit(1);
