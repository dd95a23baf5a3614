// <run-progress> in browsers against the real service: through good and bad networks each log line shows once.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { startRedis } from '../support/redis.ts';
import { browserTest } from './browser-test.ts';
import { notedEvents, noteEvents, see, waitFor } from './element-in-page.ts';
import { type Front, openFront } from './front.ts';
import { type RestartableService, startRestartable } from './restartable-service.ts';

const RUN = '20251105_1430_우주여행고양이';
const ELEMENT = `<run-progress run-id="${RUN}">Working…</run-progress>`;

async function setUp(t: TestContext, browser: Browser, { body = ELEMENT, redis = false } = {}) {
  let environment: Record<string, string> = {};
  if (redis) {
    const store = await startRedis();
    t.after(() => store.stop());
    environment = { REDIS_URL: store.url };
  }
  const service = await startRestartable(environment);
  t.after(() => service.kill());
  const front = await openFront(service.url);
  t.after(() => front.close());
  front.body = body;
  const context = await browser.newContext();
  t.after(() => context.close());
  const page = await openPage(context.newPage(), front);
  return { service, front, context, page };
}

async function openPage(opening: Promise<Page>, front: Front): Promise<Page> {
  const page = await opening;
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('close', () => assert.deepEqual(errors, []));
  page.on('console', (message) => {
    if (/Content Security|Trusted/.test(message.text())) errors.push(message.text());
  });
  await noteEvents(page);
  await page.goto(front.url);
  return page;
}

async function publishLines(service: RestartableService, from: number, to: number) {
  for (let n = from; n <= to; n++) {
    await service.publish(RUN, { state: 'ASSET_GENERATION', progress: n / 100, log: `line ${n}` });
  }
}

function linesTo(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `line ${index + 1}`);
}

browserTest(
  'follows a run from its first update to its end, and tells of the end once',
  async (t, browser) => {
    const { service, page, front } = await setUp(t, browser);
    await waitFor(page, { title: '대기 중', phase: 'live' });
    await publishLines(service, 1, 10);
    await waitFor(page, { logs: 10, title: '에셋 생성', phase: 'live' });
    assert.deepEqual(await see(page).then(({ percent, state }) => [percent, state]), [
      '10%',
      'ASSET_GENERATION',
    ]);
    await service.publish(RUN, { state: 'END', progress: 1, log: 'line 11', data: { video_url: '/v.mp4' } });
    await waitFor(page, { title: '완료', phase: 'closed' });
    const events = await notedEvents(page);
    assert.deepEqual((await see(page)).logs, linesTo(11));
    assert.equal(events.filter((name) => name === 'run-complete').length, 1);
    assert.equal(events.filter((name) => name === 'run-failed').length, 0);
    assert.ok(events.filter((name) => name === 'run-progress').length >= 10);
    assert.equal(front.count('/api/'), 1);
  },
);

browserTest('a visitor who comes after the end sees it, and hears of it', async (t, browser) => {
  const { service, page } = await setUp(t, browser, { body: '' });
  await service.publish(RUN, { state: 'RENDERING', progress: 0.7, log: 'line 1' });
  await service.publish(RUN, { state: 'FAILED', log: 'line 2' });
  await page.evaluate((html) => {
    const element = document.createElement('run-progress');
    element.setAttribute('run-id', html);
    document.body.append(element);
  }, RUN);
  await waitFor(page, { title: '실패', logs: 2 });
  // Its states came with the snapshot.
  assert.match((await page.locator('run-progress li.failed').textContent()) ?? '', /렌더링/);
  assert.deepEqual(await notedEvents(page).then((names) => names.filter((name) => name !== 'run-progress')), [
    'run-failed',
  ]);
  assert.deepEqual(
    (await see(page)).lines,
    ['line 1', 'line 2'].map((line) => line),
  );
});

browserTest('markup in a log line stays text', async (t, browser) => {
  const { service, page } = await setUp(t, browser);
  const hostile = '<img src=x onerror="window.isHurt=true"> </script><b>bold</b>';
  await service.publish(RUN, { state: hostile.slice(0, 60), progress: 0.2, log: hostile });
  await waitFor(page, { logs: 1 });
  await page.locator('run-progress .toggle').click();
  assert.ok((await page.locator('run-progress .lines').textContent())?.includes(hostile));
  assert.equal(await page.locator('run-progress img, run-progress b').count(), 0);
  assert.equal(await page.evaluate(() => 'isHurt' in globalThis), false);
});

browserTest('goes on where it was when the service is killed and comes back', async (t, browser) => {
  const { service, page } = await setUp(t, browser, { redis: true });
  await publishLines(service, 1, 5);
  await waitFor(page, { logs: 5, phase: 'live' });
  await service.kill();
  await waitFor(page, { phase: 'retrying' });
  assert.deepEqual((await see(page)).percent, '5%');
  await service.start();
  await publishLines(service, 6, 9);
  await waitFor(page, { logs: 9, phase: 'live' }, 0, 60_000);
  assert.deepEqual((await see(page)).logs, linesTo(9));
});

browserTest('goes on after a time of 503, which it does not take for the end', async (t, browser) => {
  const { service, front, page } = await setUp(t, browser);
  await publishLines(service, 1, 3);
  await waitFor(page, { logs: 3, phase: 'live' });
  front.mode = 'refuse';
  front.cut();
  await publishLines(service, 4, 6);
  await waitFor(page, { phase: 'retrying' });
  await page.waitForResponse((response) => response.status() === 503);
  front.mode = 'pass';
  await waitFor(page, { logs: 6, phase: 'live' }, 0, 60_000);
  await waitFor(page, { transport: 'stream' }, 0, 60_000);
  assert.deepEqual((await see(page)).logs, linesTo(6));
});

browserTest(
  'what the server refuses for good is said and not asked for again, until the attribute changes',
  async (t, browser) => {
    const runs = ['one', 'two', 'x'.repeat(257), 'three', 'four'];
    const body = runs.map((run) => `<run-progress run-id="${run}"></run-progress>`).join('');
    const { service, page } = await setUp(t, browser, { body });
    // All share one stream; the refusal of it is brought home to whom it is about.
    await waitFor(page, { phase: 'refused', title: '서버가 거절했습니다' }, 2);
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await page.evaluate(() => dispatchEvent(new Event('online')));
    for (const [index, run] of runs.entries()) {
      if (index === 2) continue;
      await service.publish(run, { state: 'QA', progress: 0.9, log: run });
      await waitFor(page, { logs: 1, last: run, phase: 'live' }, index);
    }
    assert.deepEqual(
      asked.filter((url) => url.includes('xxx')),
      [],
    );
    await page.evaluate(() => document.querySelectorAll('run-progress')[2]?.setAttribute('run-id', 'five'));
    await service.publish('five', { state: 'QA', progress: 0.9, log: 'five' });
    await waitFor(page, { logs: 1, last: 'five', phase: 'live' }, 2);
  },
);

browserTest(
  'attributes that are taken away again, numbers and torn text leave an element alive, and the others too',
  async (t, browser) => {
    const body = ['1', '2', '3', '4'].map((run) => `<run-progress run-id="${run}"></run-progress>`).join('');
    const { service, page } = await setUp(t, browser, { body });
    await waitFor(page, { phase: 'live' }, 3);
    await page.evaluate(() => {
      const [first, second, third] = document.querySelectorAll('run-progress');
      first?.setAttribute('transport', 'poll');
      // As Vue and React set it.
      Object.assign(second ?? {}, { runId: 22 });
      Object.assign(third ?? {}, { runId: 'torn \ud800' });
    });
    await waitFor(page, { phase: 'live', transport: 'poll' });
    await page.evaluate(() => document.querySelector('run-progress')?.removeAttribute('transport'));
    for (const [index, run] of [
      [0, '1'],
      [1, '22'],
      [3, '4'],
    ] as const) {
      await service.publish(run, { state: 'QA', progress: 0.9, log: run });
      await waitFor(page, { last: run, phase: 'live', transport: 'stream' }, index);
    }
  },
);

browserTest(
  'what a page hears names the run it is about, though the element was told of another meanwhile',
  async (t, browser) => {
    const { service, page } = await setUp(t, browser);
    await waitFor(page, { phase: 'live' });
    await page.evaluate(() => {
      const heard: string[] = [];
      Object.assign(globalThis, { heard });
      const element = document.querySelector('run-progress');
      element?.addEventListener('run-complete', ({ detail }) => heard.push(detail.runId));
      element?.addEventListener('run-progress', () => {
        element.runId = 'b';
      });
    });
    await service.publish(RUN, { state: 'END', progress: 1, log: 'end' });
    await service.publish('b', { state: 'END', progress: 1, log: 'end' });
    const heard = () => page.evaluate(() => (globalThis as unknown as { heard: string[] }).heard);
    await page.waitForFunction(() => (globalThis as unknown as { heard: string[] }).heard.length > 1);
    assert.deepEqual(await heard(), [RUN, 'b']);
  },
);

browserTest('comes back at once when the network does', async (t, browser) => {
  const { service, front, page, context } = await setUp(t, browser);
  await publishLines(service, 1, 3);
  await waitFor(page, { logs: 3, phase: 'live' });
  await context.setOffline(true);
  front.cut();
  await waitFor(page, { phase: 'retrying' });
  await publishLines(service, 4, 6);
  await context.setOffline(false);
  await waitFor(page, { logs: 6, phase: 'live' }, 0, 10_000);
  assert.deepEqual((await see(page)).logs, linesTo(6));
});

browserTest(
  'behind a proxy that keeps streams back it asks and waits, and streams again when that is mended',
  async (t, browser) => {
    const { service, front, page } = await setUp(t, browser, { body: '' });
    front.mode = 'buffer';
    front.body = ELEMENT;
    await page.reload();
    await publishLines(service, 1, 3);
    await waitFor(page, { logs: 3, transport: 'poll', phase: 'live' }, 0, 30_000);
    await publishLines(service, 4, 6);
    await waitFor(page, { logs: 6, transport: 'poll', phase: 'live' }, 0, 30_000);
    front.mode = 'pass';
    await publishLines(service, 7, 8);
    await page.evaluate(() => dispatchEvent(new Event('online')));
    await waitFor(page, { logs: 8, transport: 'stream', phase: 'live' }, 0, 60_000);
    await service.publish(RUN, { state: 'END', progress: 1, log: 'line 9' });
    await waitFor(page, { logs: 9, title: '완료', phase: 'closed' });
    assert.deepEqual((await see(page)).logs, linesTo(9));
  },
);

for (const transport of ['stream', 'poll']) {
  browserTest(`transport="${transport}" is obeyed`, async (t, browser) => {
    const body = `<run-progress run-id="${RUN}" transport="${transport}"></run-progress>`;
    const { service, page } = await setUp(t, browser, { body });
    await publishLines(service, 1, 3);
    await waitFor(page, { logs: 3, transport, phase: 'live' });
    await publishLines(service, 4, 5);
    await service.publish(RUN, { state: 'END', progress: 1, log: 'line 6' });
    await waitFor(page, { logs: 6, title: '완료', phase: 'closed' });
    assert.deepEqual((await see(page)).logs, linesTo(6));
  });
}
