// What scripts/build.js and scripts/dev.js share: the bundle's options, and the files that lie beside it.
import { copyFileSync, mkdirSync } from 'node:fs';

/** @type {import('esbuild').BuildOptions} Packages stay outside the bundle: they come from node_modules. */
export const bundleOptions = {
  entryPoints: { main: 'src/main.ts', demo: 'src/cli/demo.ts', publisher: 'src/publish/publisher.ts' },
  outdir: 'dist',
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node20.18',
  sourcemap: true,
  logLevel: 'warning',
};

/** The Lua scripts lie beside the bundle, as they lie beside the source. */
export function copyLuaScripts() {
  mkdirSync('dist', { recursive: true });
  for (const script of ['record.lua', 'marker.lua']) copyFileSync(`src/stores/${script}`, `dist/${script}`);
}
