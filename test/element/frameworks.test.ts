// The element in React and in Vue as people write it there, bundled with the npm export and without wrappers.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { build } from 'esbuild';
import type { Browser } from 'playwright-core';
import { compileTemplate } from 'vue/compiler-sfc';
import { pollUntil } from '../support/poll-until.ts';
import { browserTest } from './browser-test.ts';
import { see, waitFor } from './element-in-page.ts';
import { openFront } from './front.ts';
import { startRestartable } from './restartable-service.ts';

const STAGES = [
  { state: 'FETCH', label: 'Download', until: 0.3 },
  { state: 'PACK', label: 'Packing', until: 1 },
];

/** Every app has a button that takes the element away, and notes what it heard in `heard`. */
const SETTING = `
  const stages = ${JSON.stringify(STAGES)};
  const heard = (globalThis.heard = []);
  const note = ({ type, detail }) => heard.push([type, detail.runId, detail.logs.length]);`;

function reactApp(attributes: string): string {
  return `
    import { StrictMode, useState } from 'react';
    import { createRoot } from 'react-dom/client';
    import 'run-progress/element';
    ${SETTING}
    function App() {
      const [isShown, setShown] = useState(true);
      return (
        <StrictMode>
          <button onClick={() => setShown(false)}>Away</button>
          {isShown && (
            <run-progress server={location.origin} ${attributes} onrun-complete={note}>
              <a slot="done" data-href="url">Open</a>
            </run-progress>
          )}
        </StrictMode>
      );
    }
    createRoot(document.querySelector('main')).render(<App />);`;
}

function vueApp(attributes: string): string {
  const template = `
    <button @click="isShown = false">Away</button>
    <run-progress v-if="isShown" :server="server" ${attributes} @run-complete="note">
      <a slot="done" data-href="url">Open</a>
    </run-progress>`;
  const { code, errors } = compileTemplate({
    source: template,
    filename: 'App.vue',
    id: 'app',
    compilerOptions: { isCustomElement: (tag) => tag === 'run-progress' },
  });
  assert.deepEqual(errors, []);
  return `
    import { createApp } from 'vue';
    import 'run-progress/element';
    ${code}
    ${SETTING}
    const data = () => ({ isShown: true, server: location.origin, run: 'a', stages });
    createApp({ data, methods: { note }, render }).mount('main');`;
}

async function bundle(source: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: source, loader: 'jsx', resolveDir: process.cwd() },
    bundle: true,
    write: false,
    format: 'esm',
    jsx: 'automatic',
    define: {
      'process.env.NODE_ENV': '"production"',
      __VUE_OPTIONS_API__: 'true',
      __VUE_PROD_DEVTOOLS__: 'false',
      __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false',
    },
  });
  return outputFiles[0]?.text ?? '';
}

async function openApp(t: TestContext, browser: Browser, source: string) {
  const service = await startRestartable();
  t.after(() => service.kill());
  const front = await openFront(service.url);
  t.after(() => front.close());
  front.script = { path: '/app.js', text: await bundle(source) };
  const page = await browser.newPage();
  t.after(() => page.close());
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  await page.goto(front.url);
  await waitFor(page, { phase: 'live' });
  return { service, front, page, errors };
}

const JSON_STAGES = JSON.stringify(STAGES);
const apps: [name: string, source: string][] = [
  ['React, properties', reactApp('runId="a" stages={stages}')],
  ['React, attributes', reactApp(`run-id="a" stages='${JSON_STAGES}'`)],
  ['Vue, properties', vueApp(':runId="run" :stages="stages"')],
  ['Vue, attributes', vueApp(`:run-id="run" stages='${JSON_STAGES}'`)],
  ['Vue, forced property and attribute', vueApp(`:run-id.attr="run" :stages.prop="stages"`)],
];

for (const [name, source] of apps) {
  browserTest(`${name}: follows a run to its end and tells of it once`, async (t, browser) => {
    const { service, front, page, errors } = await openApp(t, browser, source);
    await service.publish('a', { state: 'PACK', progress: 0.4, log: 'one' });
    await waitFor(page, { title: 'Packing', logs: 1 });
    assert.deepEqual(await page.locator('run-progress li').allInnerTexts(), ['Download', 'Packing']);
    await service.publish('a', { state: 'END', progress: 1, log: 'two', data: { url: '/v.mp4' } });
    await waitFor(page, { phase: 'closed', logs: 2 });
    assert.deepEqual((await see(page)).logs, ['one', 'two']);
    assert.deepEqual(await page.evaluate('heard'), [['run-complete', 'a', 2]]);
    await page.locator('a[href="/v.mp4"]').waitFor();
    assert.equal(front.count('/api/events'), 1);
    assert.deepEqual(errors, []);
  });
}

for (const [name, source] of apps.filter(([name]) => name.endsWith('properties'))) {
  browserTest(
    `${name}: an element that is taken away in the middle of a run closes its stream`,
    async (t, browser) => {
      const { service, front, page, errors } = await openApp(t, browser, source);
      await service.publish('a', { state: 'PACK', progress: 0.4, log: 'one' });
      await waitFor(page, { logs: 1 });
      assert.equal(front.streams, 1);
      await page.getByRole('button', { name: 'Away' }).click();
      await page.locator('run-progress').waitFor({ state: 'detached' });
      await pollUntil('the end of the stream', async () => front.streams === 0);
      assert.deepEqual(errors, []);
    },
  );
}
