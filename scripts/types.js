// Writes dist/types, for whoever installs the package: from Git npm runs `prepare`, and not `prepack`.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const tsc = fileURLToPath(new URL('../node_modules/.bin/tsc', import.meta.url));
// `npm ci --omit=dev` brings none: a service needs no types.
if (existsSync(tsc)) execFileSync(tsc, ['-p', 'tsconfig.types.json'], { stdio: 'inherit' });
