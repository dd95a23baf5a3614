// What npm runs after an install from a checkout or from Git, and before a package is made: builds everything, and the
// types. Who installs the package from a registry gets it built.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
/** @param {string} path */
const has = (path) => existsSync(`${root}${path}`);

if (has('node_modules/esbuild')) {
  execFileSync(process.execPath, ['scripts/build.js'], { cwd: root, stdio: 'inherit' });
  if (has('node_modules/.bin/tsc'))
    execFileSync('node_modules/.bin/tsc', ['-p', 'tsconfig.types.json'], { cwd: root, stdio: 'inherit' });
} else if (!has('dist/main.js')) {
  // `npm ci --omit=dev`, or NODE_ENV=production, in a checkout that was never built.
  console.error(
    'run-progress: the tools that build it are development dependencies, and they were left out.',
  );
  console.error('Install with them (npm ci --include=dev), then drop them: npm prune --omit=dev');
  process.exit(1);
}
