// Bundles the service and its command line into dist/, and the element into public/ and dist/. Packages of the service
// stay outside the bundle: they come from node_modules. The Lua scripts lie beside the bundle, as beside the source.
import { copyFileSync, mkdirSync } from 'node:fs';
import { build } from 'esbuild';
import { bundleElement } from './bundle-element.js';

await build({
  entryPoints: { main: 'src/main.ts', demo: 'src/cli/demo.ts' },
  outdir: 'dist',
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node20.18',
  sourcemap: true,
  logLevel: 'warning',
});
mkdirSync('dist', { recursive: true });
for (const script of ['record.lua', 'marker.lua']) copyFileSync(`src/stores/${script}`, `dist/${script}`);
await bundleElement({ script: 'public/run-progress.js', module: 'dist/element.js' });
