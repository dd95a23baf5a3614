// Runs the service and starts it anew whenever a source file has changed. Environment variables are passed on.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { watch } from 'node:fs';
import { context } from 'esbuild';
import { bundleOptions, copyLuaScripts } from './bundle.js';
import { bundleElement } from './bundle-element.js';
import { removeCompressed } from './compress.js';

/** @type {import('node:child_process').ChildProcess | undefined} */
let service;
let restarting = Promise.resolve();

const bundle = await context({
  ...bundleOptions,
  plugins: [
    {
      name: 'restart',
      setup: (build) => {
        build.onEnd(({ errors }) => {
          if (errors.length === 0) restarting = restarting.then(restart);
        });
      },
    },
  ],
});
// They would be of an earlier state of the files.
removeCompressed();
await bundleElement();
await bundle.watch();
/** A mistake in the source: the bundler has printed it, and the next save is the next try. */
function wasPrinted() {}

// Its script lies in public/, whose watcher then restarts the service.
watch('src/element', { recursive: true }, () => void bundleElement().catch(wasPrinted));
// Read at the start of the service, so the bundler does not know them.
watch('src/stores', (_event, name) => {
  if (name?.endsWith('.lua')) void bundle.rebuild();
});
watch('public', () => void bundle.rebuild());

for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM']))
  process.on(signal, async () => {
    await bundle.dispose();
    await stop();
    process.exit(0);
  });

async function restart() {
  await stop();
  copyLuaScripts();
  service = spawn(process.execPath, ['--enable-source-maps', 'dist/main.js'], { stdio: 'inherit' });
}

async function stop() {
  const old = service;
  service = undefined;
  if (!old || old.exitCode !== null || old.signalCode !== null) return;
  old.kill('SIGTERM');
  await once(old, 'exit');
}
