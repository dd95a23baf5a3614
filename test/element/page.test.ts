// The page at `/`, as a visitor meets it.
import assert from 'node:assert/strict';
import { startService } from '../support/service.ts';
import { browserTest } from './browser-test.ts';

browserTest('a visitor first sees a run under way, then one of their own to its end', async (t, browser) => {
  const service = await startService();
  t.after(() => service.stop('SIGKILL'));
  const page = await browser.newPage({ locale: 'en-GB' });
  t.after(() => page.close());
  await page.clock.install();
  await page.goto(service.url);
  const percent = page.locator('#full .percent');
  await percent.filter({ hasText: '53%' }).waitFor();
  await page.clock.runFor(3_200);
  await percent.filter({ hasText: '54%' }).waitFor();
  assert.match((await page.locator('#demo-hint').textContent()) ?? '', /^What you see below is an example\./);
  await page.locator('#demo').click();
  const link = page.locator('#full a');
  // The page publishes by its clock, and each answer takes the time it takes.
  for (let seconds = 0; seconds < 120 && !(await link.isVisible()); seconds++) await page.clock.runFor(1_000);
  assert.match((await page.locator('#full .title').textContent()) ?? '', /^Done/);
  const record = await page.request.get((await link.getAttribute('href')) ?? '');
  assert.equal((await record.text()).trimEnd().split('\n').length, 14);
});
