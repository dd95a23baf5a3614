// Many elements and many tabs against the real service over HTTP/1.1: at most one stream, and everyone live.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { pollUntil } from '../support/poll-until.ts';
import { browserTest } from './browser-test.ts';
import { see, setHidden, waitFor } from './element-in-page.ts';
import { type Front, openFront } from './front.ts';
import { type RestartableService, startRestartable } from './restartable-service.ts';

interface Scene {
  service: RestartableService;
  front: Front;
  context: BrowserContext;
}

async function setUp(t: TestContext, browser: Browser, runs: readonly string[]): Promise<Scene> {
  const service = await startRestartable({ HEARTBEAT_SECONDS: '2' });
  t.after(() => service.kill());
  const front = await openFront(service.url);
  t.after(() => front.close());
  front.body = runs.map((run) => `<run-progress run-id="${run}" variant="compact"></run-progress>`).join('');
  const context = await browser.newContext();
  t.after(() => context.close());
  return { service, front, context };
}

async function openTab({ front, context }: Scene): Promise<Page> {
  const page = await context.newPage();
  await page.goto(front.url);
  await waitFor(page, { phase: 'live' });
  return page;
}

function runNames(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `영상 ${index + 1}, "초안"`.replaceAll('"', '&quot;'));
}

const plain = (run: string) => run.replaceAll('&quot;', '"');

browserTest('twenty elements hold one stream, and each shows its own run', async (t, browser) => {
  const runs = runNames(20);
  const scene = await setUp(t, browser, runs);
  const page = await openTab(scene);
  for (const [index, run] of runs.entries()) {
    await scene.service.publish(plain(run), { state: 'QA', progress: 0.9, log: `line of ${index}` });
  }
  for (const index of runs.keys()) await waitFor(page, { last: `line of ${index}`, phase: 'live' }, index);
  assert.equal(scene.front.mostStreams, 1);
  await scene.service.publish(plain(runs[3] ?? ''), { state: 'END', progress: 1, log: 'end' });
  await waitFor(page, { title: '완료', phase: 'closed' }, 3);
  assert.equal((await see(page, 4)).phase, 'live');
  assert.equal(scene.front.streams, 1);
});

browserTest(
  'elements of the same run share one stream, and those added later know what the others know',
  async (t, browser) => {
    const scene = await setUp(t, browser, ['a', 'a', 'a']);
    const page = await openTab(scene);
    await scene.service.publish('a', { state: 'QA', progress: 0.9, log: 'one' });
    for (const index of [0, 1, 2]) await waitFor(page, { logs: 1 }, index);
    await page.evaluate(() => {
      const element = document.createElement('run-progress');
      element.runId = 'a';
      document.body.append(element);
    });
    await waitFor(page, { logs: 1, last: 'one', phase: 'live' }, 3);
    assert.equal(scene.front.mostStreams, 1);
  },
);

browserTest(
  'an element that is moved, alone or among others, goes on where it was, over the same stream',
  async (t, browser) => {
    for (const runs of [['a'], ['a', 'b', 'c', 'd']]) {
      const scene = await setUp(t, browser, runs);
      const page = await openTab(scene);
      await scene.service.publish('a', { state: 'QA', progress: 0.9, log: 'one' });
      await waitFor(page, { logs: 1 });
      const opened = scene.front.count('/api/');
      await page.evaluate(() => {
        const main = document.querySelector('main');
        main?.replaceChildren(...[...main.children].reverse());
      });
      await scene.service.publish('a', { log: 'two' });
      const last = runs.length - 1;
      await waitFor(page, { logs: 2, phase: 'live' }, last);
      assert.deepEqual((await see(page, last)).logs, ['one', 'two']);
      assert.equal(scene.front.count('/api/'), opened);
    }
  },
);

browserTest(
  'an element that comes back to a page whose stream went on without it learns what it missed',
  async (t, browser) => {
    const scene = await setUp(t, browser, ['a', 'b', 'c', 'd']);
    await scene.context.clock.install();
    const page = await openTab(scene);
    await scene.service.publish('a', { state: 'QA', progress: 0.9, log: 'one' });
    await waitFor(page, { logs: 1 });
    await page.evaluate(() => {
      const element = document.querySelector('run-progress');
      Object.assign(globalThis, { element });
      element?.remove();
    });
    // By then the page has let go of its run.
    await scene.context.clock.runFor(1_000);
    await scene.service.publish('a', { log: 'two' });
    await scene.service.publish('b', { state: 'QA', progress: 0.9, log: 'after' });
    await waitFor(page, { last: 'after' }, 0);
    await page.evaluate(() => {
      const { element } = globalThis as unknown as { element: HTMLElement };
      document.querySelector('main')?.prepend(element);
    });
    await waitFor(page, { logs: 2, phase: 'live' });
    await scene.service.publish('a', { log: 'three' });
    await waitFor(page, { logs: 3 });
    assert.deepEqual((await see(page)).logs, ['one', 'two', 'three']);
  },
);

browserTest(
  'eight tabs of twenty elements: a stream for one that is seen, none for the others, and one that is shown again is right at once',
  async (t, browser) => {
    const scene = await setUp(t, browser, runNames(20));
    const { clock } = scene.context;
    await clock.install();
    const tabs: Page[] = [];
    for (let n = 0; n < 8; n++) {
      const tab = await openTab(scene);
      tabs.push(tab);
      assert.equal(scene.front.streams, 1);
      await setHidden(tab, true);
      await pollUntil('the end of its stream', async () => scene.front.streams === 0);
    }
    const run = plain(runNames(20)[19] ?? '');
    for (const log of ['1', '2', '3']) await scene.service.publish(run, { state: 'QA', progress: 0.9, log });
    for (const [n, tab] of tabs.slice(0, 2).entries()) {
      // Hidden ones look now and then: not while time stands still.
      await clock.pauseAt(await tab.evaluate(() => Date.now() + 1_000));
      let asked = 0;
      tab.on('request', (request) => {
        if (request.url().includes('/api/')) asked++;
      });
      await setHidden(tab, false);
      await clock.resume();
      await waitFor(tab, { logs: 3, phase: 'live' }, 19);
      assert.equal(asked, 1);
      assert.equal(scene.front.streams, n + 1);
    }
    assert.equal(scene.front.mostStreams, 2);
  },
);

browserTest('a hidden page looks now and then, and hears of the end', async (t, browser) => {
  const scene = await setUp(t, browser, ['a', 'b']);
  await scene.context.clock.install();
  const page = await openTab(scene);
  await page.evaluate(() => {
    const element = document.querySelector('run-progress');
    element?.addEventListener('run-complete', ({ detail }) =>
      Object.assign(globalThis, { done: detail.runId }),
    );
  });
  await setHidden(page, true);
  await pollUntil('the end of its stream', async () => scene.front.streams === 0);
  await scene.service.publish('a', { state: 'END', progress: 1, log: 'end' });
  const asked = scene.front.count('/api/');
  await page.clock.pauseAt(await page.evaluate(() => Date.now() + 10_000));
  assert.equal(scene.front.count('/api/'), asked);
  await page.clock.runFor(5_000);
  await page.waitForFunction(() => (globalThis as { done?: string }).done === 'a');
  assert.equal(scene.front.count('/api/'), asked + 1);
  assert.equal(scene.front.streams, 0);
});

browserTest('a page that opens hidden looks at once', async (t, browser) => {
  const scene = await setUp(t, browser, ['a']);
  await scene.context.addInitScript(() => {
    Object.defineProperty(document, 'hidden', { configurable: true, value: true });
  });
  await scene.service.publish('a', { state: 'QA', progress: 0.9, log: '1' });
  const page = await openTab(scene);
  await waitFor(page, { logs: 1, phase: 'live' });
  assert.equal(scene.front.mostStreams, 0);
});

browserTest(
  'more runs than fit into three addresses leave room for what else the page asks for',
  async (t, browser) => {
    const runs = Array.from({ length: 140 }, (_, n) => `${n}-${'긴'.repeat(30)}`);
    const scene = await setUp(t, browser, runs);
    await scene.service.publish(runs[139] ?? '', { state: 'QA', progress: 0.9, log: '1' });
    const page = await openTab(scene);
    await waitFor(page, { logs: 1, phase: 'live' }, 139);
    assert.ok(scene.front.count('/api/events') > 6);
    assert.equal(scene.front.mostStreams, 3);
    assert.equal(await page.evaluate(async () => (await fetch('/favicon.ico')).status), 204);
  },
);

browserTest('a page of another origin is let in, and keeps its place through a cut', async (t, browser) => {
  const front = await openFront('http://127.0.0.1:1');
  t.after(() => front.close());
  const service = await startRestartable({ ALLOWED_ORIGINS: front.url });
  t.after(() => service.kill());
  const edge = await openFront(service.url);
  t.after(() => edge.close());
  front.connectTo = edge.url;
  front.body = `<run-progress run-id="a" server="${edge.url}/"></run-progress>`;
  const page = await browser.newPage();
  t.after(() => page.close());
  await page.goto(front.url);
  await waitFor(page, { phase: 'live' });
  await service.publish('a', { state: 'QA', progress: 0.5, log: '1' });
  await waitFor(page, { logs: 1, transport: 'stream' });
  edge.cut();
  await service.publish('a', { log: '2' });
  await waitFor(page, { logs: 2, phase: 'live' });
  assert.deepEqual((await see(page)).logs, ['1', '2']);
});
