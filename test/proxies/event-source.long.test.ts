// A page's own EventSource behind a real nginx, through a restart of the one instance: the lines of the guides come
// through with every event, the bare EventSource doesn't.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { createPublisher, type Publisher } from '../../src/publish/publisher.ts';
import { browserTest } from '../element/browser-test.ts';
import { guideBlock } from '../support/guide.ts';
import { freePort, type RedisServer, startRedis } from '../support/redis.ts';
import { type Service, startService } from '../support/service.ts';
import { startFront } from './front.ts';
import { nginx } from './recipes.ts';

let redis: RedisServer;
let publisher: Publisher;
before(async () => {
  redis = await startRedis();
  publisher = createPublisher({ redisUrl: redis.url });
});
after(async () => {
  await publisher.close();
  await redis.stop();
});

interface Reader {
  page: Page;
  /** The answers to its requests. */
  statuses: number[];
  /** The log lines shown, and the ids of their events. */
  shown(): Promise<{ lines: string[]; ids: number[] }>;
  untilShown(line: string): Promise<void>;
}

/** A page on nginx' own host, which has the script and nothing else. */
async function openReader(browser: Browser, url: string, script: string): Promise<Reader> {
  const page = await browser.newPage({ ignoreHTTPSErrors: true });
  const statuses: number[] = [];
  page.on('response', (response) => {
    if (response.url().includes('/events')) statuses.push(response.status());
  });
  await page.goto(`${url}/blank`);
  await page.addScriptTag({ content: `const shown = []; const show = (message) => shown.push(message);` });
  await page.addScriptTag({ content: script });
  return {
    page,
    statuses,
    shown: async () => {
      const messages = (await page.evaluate('shown')) as { id: number; message?: string }[];
      const events = messages.filter(({ message }) => message !== undefined);
      return { lines: events.map(({ message = '' }) => message), ids: events.map(({ id }) => id) };
    },
    untilShown: async (line) => {
      await page.waitForFunction(`shown.some(({ message }) => message === ${JSON.stringify(line)})`);
    },
  };
}

async function say(runId: string, update: object) {
  publisher.publish(runId, update);
  assert.equal(await publisher.flush(), true);
}

browserTest(
  'the documented lines bring every event once through a restart, the bare EventSource gives up',
  async (t, browser, name) => {
    const runId = `우주여행 ${name}`;
    const port = await freePort();
    const env = { PORT: String(port), REDIS_URL: redis.url };
    let service: Service = await startService(env);
    t.after(() => service.stop('SIGKILL'));
    const blank =
      'location /blank { default_type text/html; return 200 "<!doctype html><title>blank</title>"; }';
    const front = await startFront(nginx, port, {
      edit: (block) => block.replace('location / {', `${blank}\n  location / {`),
    });
    t.after(front.stop);

    const path = `/api/runs/${encodeURIComponent(runId)}/events`;
    const documented = await openReader(
      browser,
      front.url,
      `${guideBlock('clients', 'event-source')}\nfollow('${path}');`,
    );
    t.after(() => documented.page.close());
    const several = await openReader(
      browser,
      front.url,
      `const runIds = ${JSON.stringify([runId, 'another'])};\n${guideBlock('reading', 'several-runs')}`,
    );
    t.after(() => several.page.close());
    const bare = await openReader(
      browser,
      front.url,
      `const bare = new EventSource('${path}'); bare.onmessage = ({ data }) => show(JSON.parse(data));`,
    );
    t.after(() => bare.page.close());
    const all = [documented, several, bare];
    await bare.page.waitForFunction('bare.readyState === 1');

    await say(runId, { log: 'one' });
    await say(runId, { log: 'two' });
    for (const reader of all) await reader.untilShown('two');
    await service.stop('SIGTERM');
    await say(runId, { log: 'while it is away' });
    // It comes back by its own, meets nginx' answer, and that is that.
    await bare.page.waitForFunction('bare.readyState === 2');
    for (const { page, statuses } of [documented, several])
      if (!statuses.includes(502)) await page.waitForResponse((response) => response.status() === 502);

    service = await startService(env);
    await say(runId, { log: 'back again' });
    await say(runId, { state: 'END', log: 'the end' });
    const lines = ['one', 'two', 'while it is away', 'back again', 'the end'];
    for (const reader of [documented, several]) {
      await reader.untilShown('the end');
      const shown = await reader.shown();
      assert.deepEqual(shown.lines, lines);
      assert.deepEqual(
        shown.ids,
        shown.ids.map((_, i) => (shown.ids[0] ?? 0) + i),
      );
    }
    assert.deepEqual(
      (await bare.shown()).lines,
      ['one', 'two'],
      'the bare EventSource has heard of nothing more',
    );
    assert.equal(await bare.page.evaluate('bare.readyState'), 2);
  },
);
