// What scripts/build.js and scripts/dev.js share: the bundle's options, and the files that lie beside it.
import { copyFileSync, mkdirSync, readdirSync, rmSync } from 'node:fs';

/** @type {import('esbuild').BuildOptions} Packages stay outside the bundle: they come from node_modules. */
export const bundleOptions = {
  entryPoints: { main: 'src/main.ts', cli: 'src/cli/cli.ts', publisher: 'src/publish/publisher.ts' },
  outdir: 'dist',
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  // A command of the command line loads what it needs, and nothing else.
  splitting: true,
  chunkNames: 'chunk-[name]-[hash]',
  target: 'node20.18',
  sourcemap: true,
  logLevel: 'warning',
};

/** The Lua scripts lie beside the bundle, as they lie beside the source. */
export function copyLuaScripts() {
  mkdirSync('dist', { recursive: true });
  for (const script of ['record.lua', 'marker.lua']) copyFileSync(`src/stores/${script}`, `dist/${script}`);
}

/** Their names change with what is in them: those of an earlier build would stay. */
export function removeChunks() {
  mkdirSync('dist', { recursive: true });
  for (const file of readdirSync('dist')) if (file.startsWith('chunk-')) rmSync(`dist/${file}`);
}
