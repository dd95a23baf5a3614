// The element on another site whose policy is as strict as can be, and through everything that goes wrong on the way.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { TestContext } from 'node:test';
import type { Browser } from 'playwright-core';
import { createPublisher } from '../../src/publish/publisher.ts';
import { pollUntil } from '../support/poll-until.ts';
import { startRedis } from '../support/redis.ts';
import { browserTest, chromiumTest } from './browser-test.ts';
import { notedEvents, notedSetbacks, noteEvents, noteSetbacks, see, waitFor } from './element-in-page.ts';
import { openFront } from './front.ts';
import { startRestartable } from './restartable-service.ts';

const RUN = '20251105_1430_우주여행고양이';
const STATES = ['PLOT_GENERATION', 'ASSET_GENERATION', 'RENDERING', 'QA'];

/** The page is at `site`; script and streams come from `edge`, a proxy before the service. */
async function setUp(t: TestContext, browser: Browser) {
  const store = await startRedis();
  t.after(() => store.stop());
  const site = await openFront('http://127.0.0.1:1');
  t.after(() => site.close());
  const service = await startRestartable({ REDIS_URL: store.url, ALLOWED_ORIGINS: site.url });
  t.after(() => service.kill());
  const edge = await openFront(service.url, { hasPage: false });
  t.after(() => edge.close());
  // What the worker records while no service runs.
  const worker = createPublisher({ redisUrl: store.url, onWarning: () => {} });
  t.after(() => worker.close());
  site.script = { path: `${edge.url}/run-progress.js` };
  site.policy = `default-src 'none'; script-src ${edge.url}; connect-src ${edge.url}; img-src 'self'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types lit-html`;
  site.body = `<run-progress run-id="${RUN}"></run-progress>`;
  const context = await browser.newContext();
  t.after(() => context.close());
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => {
    // Firefox tells this way of an answer that no script may read: the proxy's, while the service is away.
    if (!/Cross-Origin Request Blocked/.test(String(error))) complaints.push(String(error));
  });
  page.on('console', (message) => {
    if (/Content Security|Trusted/.test(message.text())) complaints.push(message.text());
  });
  await noteEvents(page);

  let lines = 0;
  return {
    site,
    edge,
    service,
    context,
    page,
    open: () => page.goto(site.url),
    /** The job goes on by three lines. */
    async work(): Promise<void> {
      for (let n = 0; n < 3; n++) {
        lines++;
        const state = STATES[Math.min(3, Math.floor(lines / 3))] ?? 'QA';
        worker.publish(RUN, { state, progress: lines / 20, log: `line ${lines}` });
      }
      assert.equal(await worker.flush(30_000), true);
    },
    /** Until all of the job so far is seen, over a connection that lives. */
    caughtUp: (transport?: string) =>
      waitFor(page, { logs: lines, phase: 'live', ...(transport && { transport }) }, 0, 90_000),
    /** The job ends, and the page has seen all of it, once, and never less than before. */
    async finish(): Promise<void> {
      lines++;
      worker.publish(RUN, { state: 'END', progress: 1, log: `line ${lines}` });
      await waitFor(page, { title: '완료', phase: 'closed' }, 0, 60_000);
      const { logs, percent } = await see(page);
      assert.deepEqual(
        logs,
        Array.from({ length: lines }, (_, index) => `line ${index + 1}`),
      );
      assert.equal(percent, '100%');
      const ends = (await notedEvents(page)).filter((name) => name !== 'run-progress');
      assert.deepEqual(ends, ['run-complete']);
      assert.deepEqual(await notedSetbacks(page), []);
      assert.deepEqual(complaints, []);
    },
  };
}

type Scene = Awaited<ReturnType<typeof setUp>>;

/** A page that follows a run which has got somewhere. */
async function follow(t: TestContext, browser: Browser): Promise<Scene> {
  const scene = await setUp(t, browser);
  await scene.open();
  await scene.work();
  await scene.caughtUp('stream');
  await noteSetbacks(scene.page);
  return scene;
}

browserTest('a run to its end, over one stream, and not a word in the console', async (t, browser) => {
  const scene = await setUp(t, browser);
  const console: string[] = [];
  scene.page.on('console', (message) => console.push(message.text()));
  await scene.open();
  await scene.work();
  await scene.caughtUp('stream');
  await noteSetbacks(scene.page);
  await scene.work();
  await scene.caughtUp('stream');
  await waitFor(scene.page, { title: '렌더링' });
  await scene.finish();
  assert.equal(scene.edge.count('/api/'), 1);
  assert.deepEqual(console, []);
});

browserTest('the service is killed, the job goes on, the service comes back', async (t, browser) => {
  const scene = await follow(t, browser);
  await scene.service.kill();
  await waitFor(scene.page, { phase: 'retrying', logs: 3 });
  await scene.work();
  await scene.service.start();
  await scene.work();
  await scene.caughtUp();
  await scene.finish();
});

browserTest('for a while something else answers 503 in the place of the service', async (t, browser) => {
  const scene = await follow(t, browser);
  await scene.service.kill();
  await waitFor(scene.page, { phase: 'retrying', logs: 3 });
  const standIn = await startStandIn(t, Number(new URL(scene.service.url).port), scene.site.url);
  await scene.work();
  await pollUntil('a second question', async () => standIn.asked() > 1, 60_000);
  assert.equal((await see(scene.page)).logs.length, 3);
  await standIn.close();
  await scene.service.start();
  await scene.caughtUp('stream');
  await scene.finish();
});

for (const how of ['cut', 'forget'] as const) {
  browserTest(`the network goes (${how}) and comes back`, async (t, browser) => {
    const scene = await follow(t, browser);
    await scene.context.setOffline(true);
    scene.edge[how]();
    await scene.work();
    assert.equal((await see(scene.page)).logs.length, 3);
    await scene.context.setOffline(false);
    await scene.caughtUp();
    await scene.finish();
  });
}

chromiumTest(
  'the machine sleeps, no event tells of it, and the connection is cut afterwards',
  async (t, browser) => {
    const scene = await follow(t, browser);
    const wake = await halt(scene);
    scene.edge.cut();
    await scene.work();
    await wake();
    await scene.caughtUp();
    await scene.finish();
  },
);

chromiumTest(
  'the page is frozen, its connection is forgotten on the way, and thawing tells of it',
  async (t, browser) => {
    const scene = await follow(t, browser);
    const wake = await halt(scene);
    scene.edge.forget();
    await scene.work();
    await wake();
    assert.equal((await see(scene.page)).logs.length, 3);
    await scene.page.evaluate(() => document.dispatchEvent(new Event('resume')));
    await scene.caughtUp('stream');
    await scene.finish();
  },
);

browserTest(
  'a proxy begins to hold everything back: another way is found, and the stream again when it is mended',
  async (t, browser) => {
    const scene = await follow(t, browser);
    scene.edge.mode = 'buffer';
    scene.edge.cut();
    await scene.work();
    await scene.caughtUp('poll');
    await scene.work();
    await scene.caughtUp('poll');
    scene.edge.mode = 'pass';
    await scene.caughtUp('stream');
    await scene.work();
    await scene.caughtUp('stream');
    await scene.finish();
  },
);

/**
 * A paused page is as still as a frozen one. Freezing itself (`Page.setWebLifecycleState`) does nothing here: Playwright
 * keeps its pages in focus, and Chromium freezes only what is hidden.
 */
async function halt({ context, page }: Scene): Promise<() => Promise<void>> {
  const devtools = await context.newCDPSession(page);
  await devtools.send('Debugger.enable');
  const isPaused = new Promise((resolve) => devtools.once('Debugger.paused', resolve));
  await devtools.send('Debugger.pause');
  const still = devtools.send('Runtime.evaluate', { expression: '1' });
  await isPaused;
  return async () => {
    await devtools.send('Debugger.resume');
    await still;
    await devtools.detach();
  };
}

/** What a platform answers while it has no service to send requests to. */
async function startStandIn(t: TestContext, port: number, origin: string) {
  let asked = 0;
  const server = createServer((_, response) => {
    asked++;
    response
      .writeHead(503, {
        'Retry-After': '3',
        'Access-Control-Allow-Origin': origin,
        'Access-Control-Expose-Headers': 'Retry-After',
      })
      .end();
  });
  const close = async () => {
    if (!server.listening) return;
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  };
  server.listen(port, '127.0.0.1');
  t.after(close);
  await once(server, 'listening');
  return { asked: () => asked, close };
}
