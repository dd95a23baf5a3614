// The whole example of docs/tokens.md, run as it stands there: a visitor logs in, and sees the run that is theirs.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Browser } from 'playwright-core';
import { request } from 'undici';
import { startNginx } from '../cli/nginx.ts';
import { guideBlock } from '../support/guide.ts';
import { pollUntil } from '../support/poll-until.ts';
import { startProgram } from '../support/program.ts';
import { publishAnswer } from '../support/publish.ts';
import { freePort } from '../support/redis.ts';
import { type Service, startService } from '../support/service.ts';
import { makeToken, SECRET } from '../support/token.ts';
import { chromiumTest } from './browser-test.ts';
import { waitFor } from './element-in-page.ts';

const PASSWORD = 'correct horse';

async function startApp(t: TestContext, port: number, progressAddress: string) {
  const folder = mkdtempSync(join(tmpdir(), 'run-progress-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'progress.py'), guideBlock('tokens', 'pyjwt'));
  writeFileSync(join(folder, 'app.py'), guideBlock('tokens', 'app'));
  const app = startProgram('/usr/bin/python3', ['-m', 'uvicorn', 'app:app', '--port', String(port)], {
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      PROGRESS_SECRET: SECRET,
      PROGRESS_ADDRESS: progressAddress,
      ADAS_PASSWORD: PASSWORD,
    },
  });
  t.after(() => app.stop('SIGKILL'));
  await pollUntil('the app', async () => {
    const answer = await request(`http://127.0.0.1:${port}/login`).catch(() => null); // It doesn't listen yet.
    await answer?.body.dump();
    return answer?.statusCode === 200;
  });
}

async function publish(service: Service, update: object) {
  const authorization = `Bearer ${await makeToken({ scope: 'publish', run: 'film-1' })}`;
  assert.equal((await publishAnswer(service, 'film-1', update, { authorization })).status, 201);
}

/** Logs in as a person does, and follows the run to its end. */
async function logInAndWatch(t: TestContext, browser: Browser, service: Service, origin: string) {
  const context = await browser.newContext();
  t.after(() => context.close());
  const page = await context.newPage();
  assert.equal((await page.goto(`${origin}/runs/film-1`))?.status(), 401);
  await page.goto(`${origin}/login`);
  await page.fill('[name=user]', 'ada');
  await page.fill('[name=password]', PASSWORD);
  await publish(service, { state: 'RENDERING', log: 'line 1' });
  await page.click('button');
  await waitFor(page, { logs: 1, phase: 'live', transport: 'stream' });
  await publish(service, { state: 'END', log: 'line 2' });
  await waitFor(page, { title: 'Done', logs: 2 });
  assert.equal(
    await page.evaluate(async () => (await fetch('/progress-token/film-2', { method: 'POST' })).status),
    403,
  );
}

chromiumTest('a visitor logs in and sees their run, on two origins', async (t, browser) => {
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const service = await startService({
    NODE_ENV: 'production',
    PROGRESS_SECRET: SECRET,
    ALLOWED_ORIGINS: origin,
  });
  t.after(() => service.stop());
  await startApp(t, port, service.url);
  await logInAndWatch(t, browser, service, origin);
});

chromiumTest('a visitor logs in and sees their run, on one host behind nginx', async (t, browser) => {
  const service = await startService({
    NODE_ENV: 'production',
    PROGRESS_SECRET: SECRET,
    TRUSTED_PROXIES: '1',
  });
  t.after(() => service.stop());
  const port = await freePort();
  await startApp(t, port, '/progress');
  const [, ownLocation = '', serviceLocation = ''] =
    /^location \/ \{\n.*?;\n(.*?)\n\}\n(.*)$/s.exec(guideBlock('tokens', 'nginx')) ?? [];
  const nginx = await startNginx(
    port,
    ownLocation,
    `${serviceLocation.replace(':8000', `:${service.port}`)} location = /healthz { return 200; }`,
  );
  t.after(nginx.stop);
  await logInAndWatch(t, browser, service, nginx.url);
});
