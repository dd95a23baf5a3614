// Bundles the service and its command line into dist/, and the element into public/ and dist/. Packages of the service
// stay outside the bundle: they come from node_modules.
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { build } from 'esbuild';
import { bundleElement } from './bundle-element.js';

const entryPoints = Object.fromEntries(
  Object.entries({ main: 'src/main.ts', demo: 'src/cli/demo.ts' }).filter(([, path]) => existsSync(path)),
);
await build({
  entryPoints,
  outdir: 'dist',
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node20.18',
  sourcemap: true,
  loader: { '.lua': 'text' },
  logLevel: 'warning',
});
await mkdir('public', { recursive: true });
await bundleElement({ script: 'public/run-progress.js', module: 'dist/element.js' });
