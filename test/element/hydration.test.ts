// A page that React rendered on a server, and the element's script runs before React takes the page over.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { build } from 'esbuild';
import { browserTest } from './browser-test.ts';
import { waitFor } from './element-in-page.ts';
import { openFront } from './front.ts';
import { startRestartable } from './restartable-service.ts';

const APP = `
  import { createElement as h, useEffect } from 'react';
  function App() {
    useEffect(() => { document.title = 'Hydrated'; }, []);
    return h('run-progress', { 'run-id': 'a', variant: 'compact' },
      h('a', { slot: 'done', 'data-href': 'url' }, 'Open'),
      h('img', { slot: 'done', alt: '', 'data-src': 'missing' }));
  }`;
const ON_SERVER = `${APP}
  import { renderToString } from 'react-dom/server';
  console.log(renderToString(h(App)));`;
const IN_PAGE = `${APP}
  import { hydrateRoot } from 'react-dom/client';
  const onRecoverableError = (error) => console.error(String(error));
  hydrateRoot(document.querySelector('#root'), h(App), { onRecoverableError });`;

async function bundle(contents: string, format: 'cjs' | 'esm'): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: process.cwd() },
    bundle: true,
    write: false,
    format,
    platform: format === 'cjs' ? 'node' : 'browser',
    // In production React says nothing of what it finds changed.
    define: { 'process.env.NODE_ENV': '"development"' },
  });
  return outputFiles[0]?.text ?? '';
}

browserTest(
  'React finds the page as its server rendered it, though the run is done already',
  async (t, browser) => {
    const service = await startRestartable();
    t.after(() => service.kill());
    await service.publish('a', { state: 'END', progress: 1, data: { url: '/v.mp4' } });
    const front = await openFront(service.url);
    t.after(() => front.close());
    front.script = { path: '/app.js', text: await bundle(IN_PAGE, 'esm') };
    const script = await bundle(ON_SERVER, 'cjs');
    const rendered = execFileSync(process.execPath, ['-'], { input: script, encoding: 'utf8' }).trim();
    front.body = `<div id="root">${rendered}</div><script async src="/run-progress.js"></script>`;
    const page = await browser.newPage();
    t.after(() => page.close());
    const errors: string[] = [];
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
    let hydrate = () => {};
    const isShown = new Promise<void>((resolve) => {
      hydrate = resolve;
    });
    await page.route('**/app.js', async (route) => {
      await isShown;
      await route.continue();
    });
    await page.goto(front.url, { waitUntil: 'commit' });
    await waitFor(page, { title: '완료', phase: 'closed' });
    hydrate();
    await page.waitForFunction(() => document.title === 'Hydrated', null, { polling: 50 });
    await page.locator('a[href="/v.mp4"]').waitFor();
    await page.locator('img').waitFor({ state: 'hidden' });
    assert.deepEqual(errors, []);
  },
);
