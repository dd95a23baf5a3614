// Many elements and many tabs against the real service over HTTP/1.1: at most one stream, and everyone live.
import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { launchChromium } from '../../scripts/browsers.ts';
import { see, waitFor } from './element-in-page.ts';
import { type Front, openFront } from './front.ts';
import { type RestartableService, startRestartable } from './restartable-service.ts';

let browser: Browser;
before(async () => {
  browser = await launchChromium();
});
after(() => browser.close());

interface Scene {
  service: RestartableService;
  front: Front;
  context: BrowserContext;
}

async function setUp(t: TestContext, runs: readonly string[]): Promise<Scene> {
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

test('twenty elements hold one stream, and each shows its own run', async (t) => {
  const runs = runNames(20);
  const scene = await setUp(t, runs);
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

test('elements of the same run share one stream, and those added later know what the others know', async (t) => {
  const scene = await setUp(t, ['a', 'a', 'a']);
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
});

test('an element that is moved, alone or among others, goes on where it was, over the same stream', async (t) => {
  for (const runs of [['a'], ['a', 'b', 'c', 'd']]) {
    const scene = await setUp(t, runs);
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
});

test('an element that comes back to a page whose stream went on without it learns what it missed', async (t) => {
  const scene = await setUp(t, ['a', 'b', 'c', 'd']);
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
});

test('eight tabs are live over one stream; when the tab that holds it closes another takes over without loss', async (t) => {
  const scene = await setUp(t, ['a', 'b']);
  const tabs: Page[] = [];
  for (let n = 0; n < 8; n++) tabs.push(await openTab(scene));
  await scene.service.publish('a', { state: 'QA', progress: 0.9, log: '1' });
  for (const tab of tabs) await waitFor(tab, { logs: 1, phase: 'live' });
  assert.equal(scene.front.mostStreams, 2, 'one for each of two runs');
  await scene.service.publish('a', { log: '2' });
  await tabs.shift()?.close();
  await scene.service.publish('a', { log: '3' });
  for (const tab of tabs) {
    await waitFor(tab, { logs: 3, phase: 'live' });
    assert.deepEqual((await see(tab)).logs, ['1', '2', '3']);
  }
  assert.equal(scene.front.streams, 2);
});

test('when the tab that holds the streams freezes, another steals them; thawed, it follows and has missed nothing', async (t) => {
  const scene = await setUp(t, ['a']);
  const leader = await openTab(scene);
  const follower = await openTab(scene);
  await scene.service.publish('a', { state: 'QA', progress: 0.5, log: '1' });
  await waitFor(follower, { logs: 1 });
  const devtools = await scene.context.newCDPSession(leader);
  await devtools.send('Debugger.enable');
  // A paused page is as still as a frozen one: no timer, no event, the lock still held.
  await devtools.send('Debugger.pause');
  const paused = devtools.send('Runtime.evaluate', { expression: '1' });
  await scene.service.publish('a', { log: '2' });
  await waitFor(follower, { logs: 2, phase: 'live' }, 0, 60_000);
  assert.deepEqual((await see(follower)).logs, ['1', '2']);
  await devtools.send('Debugger.resume');
  await paused;
  await scene.service.publish('a', { log: '3' });
  for (const tab of [leader, follower]) {
    await waitFor(tab, { logs: 3, phase: 'live' });
    assert.deepEqual((await see(tab)).logs, ['1', '2', '3']);
  }
});

test('without Web Locks each page holds its own stream', async (t) => {
  const scene = await setUp(t, ['a']);
  await scene.context.addInitScript(() => {
    Object.defineProperty(Navigator.prototype, 'locks', { value: undefined });
  });
  const tabs = [await openTab(scene), await openTab(scene)];
  await scene.service.publish('a', { state: 'QA', progress: 0.9, log: '1' });
  for (const tab of tabs) await waitFor(tab, { logs: 1, phase: 'live' });
  assert.equal(scene.front.streams, 2);
});

test('a page of another origin is let in, and keeps its place through a cut', async (t) => {
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
  await waitFor(page, { logs: 1, transport: 'sse' });
  edge.cut();
  await service.publish('a', { log: '2' });
  await waitFor(page, { logs: 2, phase: 'live' });
  assert.deepEqual((await see(page)).logs, ['1', '2']);
});
