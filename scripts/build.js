// Bundles the service and its command line into dist/. Packages stay outside the bundle: they come from node_modules.
import { build } from 'esbuild';

await build({
  entryPoints: { main: 'src/main.ts', demo: 'src/cli/demo.ts' },
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
