// The page at `/`, as a visitor meets it.
import assert from 'node:assert/strict';
import { startNginx } from '../cli/nginx.ts';
import { publish } from '../support/publish.ts';
import { startService } from '../support/service.ts';
import { browserTest } from './browser-test.ts';
import { waitFor } from './element-in-page.ts';

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

browserTest('behind nginx that strips a path it works below that path', async (t, browser) => {
  const service = await startService();
  t.after(() => service.stop('SIGKILL'));
  const below = `location /progress/ {
    proxy_pass http://127.0.0.1:${service.port}/;
    proxy_http_version 1.1;
    proxy_set_header Host $http_host;
  }`;
  const nginx = await startNginx(service.port, 'return 404;', `${below} location = /healthz { return 200; }`);
  t.after(nginx.stop);
  const page = await browser.newPage();
  t.after(() => page.close());
  const failed: string[] = [];
  page.on('response', (response) => {
    if (response.status() >= 400) failed.push(`${response.status()} ${response.url()}`);
  });
  await page.goto(`${nginx.url}/progress/?run=film-1`);
  await waitFor(page, { phase: 'live', transport: 'stream' });
  await publish(service, 'film-1', { state: 'RENDERING', progress: 0.7, log: 'below a path' });
  await waitFor(page, { last: 'below a path' });
  await page.locator('#demo').click();
  await page.locator('#full .title').filter({ hasText: 'Writing the plot' }).waitFor();
  assert.deepEqual(failed, []);
});
