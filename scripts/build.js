// Bundles the service and its command line into dist/. Packages stay outside the bundle: they come from node_modules.
// The Lua scripts lie beside the bundle, as they lie beside the source.
import { copyFileSync, mkdirSync } from 'node:fs';
import { build } from 'esbuild';

await build({
  entryPoints: { main: 'src/main.ts', demo: 'src/cli/demo.ts', publisher: 'src/publish/publisher.ts' },
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
