// 10,000 log lines at 1,000 a second into an open log: does the page stay responsive? Prints every long task, and fails
// when one after the first second took over 100 ms. A measurement, so not among the tests, which share the processor.
import assert from 'node:assert/strict';
import { setInterval as every } from 'node:timers/promises';
import { see, waitFor } from '../test/element/element-in-page.ts';
import { openFront } from '../test/element/front.ts';
import { startRestartable } from '../test/element/restartable-service.ts';
import { startRedis } from '../test/support/redis.ts';
import { launchChromium } from './browsers.ts';

const LINES = 10_000;
const PER_TICK = 20;
const TICK_MS = 20;
/** After the first second, in which the page itself is started. */
const LONGEST_MS = 100;

const store = await startRedis();
const redis = await store.client();
const service = await startRestartable({ REDIS_URL: store.url });
const front = await openFront(service.url);
front.body = '<run-progress run-id="flood"></run-progress>';
const browser = await launchChromium();
try {
  await measure();
} finally {
  await browser.close();
  await front.close();
  await service.kill();
  await store.stop();
}

async function measure() {
  const page = await browser.newPage();
  await page.goto(front.url);
  await waitFor(page, { phase: 'live' });
  await service.publish('flood', { state: 'RENDERING', progress: 0, log: 'line 0' });
  await waitFor(page, { logs: 1 });
  await page.locator('run-progress .toggle').click();
  await page.evaluate(() => {
    const tasks: number[] = [];
    Object.assign(globalThis, { tasks });
    const begin = performance.now();
    new PerformanceObserver((list) => {
      for (const { startTime, duration } of list.getEntries())
        if (startTime > begin + 1_000) tasks.push(duration);
    }).observe({ type: 'longtask' });
  });

  let sent = 0;
  for await (const _ of every(TICK_MS)) {
    for (let n = 0; n < PER_TICK; n++) {
      const update = { run_id: 'flood', progress: ++sent / (LINES + 1), log: `line ${sent}` };
      redis.publish('autoshorts:progress', JSON.stringify(update));
    }
    if (sent === LINES) break;
  }
  await waitFor(page, { logs: 500, last: `line ${LINES}` }, 0, 30_000);
  const tasks = await page.evaluate(() => (globalThis as unknown as { tasks: number[] }).tasks);
  console.log(`long tasks (over 50 ms): ${tasks.map((ms) => `${Math.round(ms)} ms`).join(', ') || 'none'}`);
  assert.ok(Math.max(0, ...tasks) <= LONGEST_MS);
  const { logs } = await see(page);
  assert.deepEqual(
    logs,
    Array.from({ length: 500 }, (_, index) => `line ${LINES - 499 + index}`),
  );
  const fromEnd = await page
    .locator('run-progress .lines')
    .evaluate((lines) => lines.scrollHeight - lines.clientHeight - lines.scrollTop);
  assert.ok(Math.abs(fromEnd) < 2, 'the log follows its end');
}
