// The element on another origin than the service, whose tokens come from the page's own backend, and end in mid-run.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { pollUntil } from '../support/poll-until.ts';
import { publishAnswer } from '../support/publish.ts';
import { startService } from '../support/service.ts';
import { makeToken, SECRET } from '../support/token.ts';
import { browserTest } from './browser-test.ts';
import { notedEvents, notedSetbacks, noteEvents, noteSetbacks, see, waitFor } from './element-in-page.ts';
import { openFront } from './front.ts';

const RUN = '우주여행고양이';

/** The page's own backend: answers every request with a token. */
async function startBackend(t: TestContext, token: () => Promise<string>) {
  let asked = 0;
  const server = createServer(async (_, response) => {
    asked++;
    response.end(await token());
  });
  server.listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked: () => asked };
}

async function setUp(t: TestContext, browser: Browser, token: () => Promise<string>) {
  const backend = await startBackend(t, token);
  const site = await openFront(backend.url);
  t.after(() => site.close());
  const service = await startService({ PROGRESS_SECRET: SECRET, ALLOWED_ORIGINS: site.url });
  t.after(() => service.stop());
  site.connectTo = service.url;
  const context = await browser.newContext();
  t.after(() => context.close());
  const page = await context.newPage();
  await noteEvents(page);
  await page.goto(site.url);
  const authorization = `Bearer ${await makeToken({ scope: 'publish', run: RUN })}`;
  let lines = 0;

  async function publish(update: object) {
    lines++;
    const answer = await publishAnswer(
      service,
      RUN,
      { log: `line ${lines}`, progress: lines / 1000, ...update },
      { authorization },
    );
    assert.equal(answer.status, 201);
  }

  return {
    page,
    asked: backend.asked,
    askedMore: (times: number) => pollUntil('another token', async () => backend.asked() > times),
    work: () => publish({ state: 'RENDERING' }),
    /** `attribute`: a fixed token, instead of the provider. */
    async show(attribute?: string) {
      await page.evaluate(addElement, { server: service.url, run: RUN, attribute });
      await waitFor(page, { phase: 'live', transport: 'stream' });
    },
    caughtUp: () => waitFor(page, { logs: lines }, 0, 60_000),
    /** The job ends; the page has seen each line once, and nothing taken back. */
    async finish() {
      await publish({ state: 'END', progress: 1 });
      await waitFor(page, { title: '완료', phase: 'closed' }, 0, 60_000);
      assert.deepEqual(
        (await see(page)).logs,
        Array.from({ length: lines }, (_, index) => `line ${index + 1}`),
      );
      assert.deepEqual(await notedSetbacks(page), []);
      assert.deepEqual(
        (await notedEvents(page)).filter((name) => name !== 'run-progress'),
        ['run-complete'],
      );
    },
  };
}

/** In the page. Notes the connection's phases as `phases`. */
function addElement(given: { server: string; run: string; attribute: string | undefined }) {
  const phases: string[] = [];
  Object.assign(globalThis, { phases });
  const element = document.createElement('run-progress');
  element.addEventListener('run-connection', ({ detail }) => phases.push(detail.phase));
  element.server = given.server;
  element.runId = given.run;
  if (given.attribute) element.token = given.attribute;
  else element.tokenProvider = async () => (await fetch('/token', { method: 'POST' })).text();
  document.querySelector('main')?.append(element);
}

async function phasesOf(page: Page): Promise<Set<string>> {
  return new Set(await page.evaluate(() => (globalThis as unknown as { phases: string[] }).phases));
}

async function untilNotice(page: Page, text: string) {
  await page.waitForFunction(
    (text) => {
      const root = document.querySelector('run-progress')?.shadowRoot;
      return root?.querySelector('.notice')?.textContent?.includes(text);
    },
    text,
    { polling: 50 },
  );
}

// The element asks 20 s before the expiry, and at most every 10 s: tokens that end sooner are ended by the service.
for (const [how, expiresIn] of [
  ['before it expires', 29],
  ['when the service has ended the stream', 6],
] as const)
  browserTest(`a token is renewed ${how}, and nobody notices`, async (t, browser) => {
    const scene = await setUp(t, browser, () => makeToken({ run: RUN, expiresIn }));
    await scene.work();
    await scene.show();
    await scene.caughtUp();
    await noteSetbacks(scene.page);
    for (let asked = scene.asked(); asked < 3; asked++) {
      // Half of the lines are recorded while the page gets its next token.
      for (let n = 0; n < 3; n++) await scene.work();
      await scene.askedMore(asked);
      for (let n = 0; n < 3; n++) await scene.work();
      await scene.caughtUp();
    }
    await scene.finish();
    // A token of seconds may have expired before its request arrives, on a machine that is busy: then it asks once more.
    if (expiresIn > 20) assert.deepEqual(await phasesOf(scene.page), new Set(['live', 'closed']));
  });

browserTest('a fixed token expires: it says so, and goes on with another one', async (t, browser) => {
  const scene = await setUp(t, browser, () => makeToken());
  await scene.work();
  await scene.show(await makeToken({ run: RUN, expiresIn: 4 }));
  await scene.caughtUp();
  await noteSetbacks(scene.page);
  await waitFor(scene.page, { phase: 'unauthorized' });
  await scene.work();
  await untilNotice(scene.page, '이 작업을 볼 권한이 없습니다');
  assert.equal((await see(scene.page)).logs.length, 1);
  const token = await makeToken({ run: RUN });
  await scene.page.evaluate((token) => {
    const element = document.querySelector('run-progress');
    if (element) element.token = token;
  }, token);
  await scene.caughtUp();
  await scene.finish();
});

browserTest(
  'a provider that has no new token: it says so, and goes on when one comes',
  async (t, browser) => {
    let token = await makeToken({ run: RUN, expiresIn: 4 });
    const scene = await setUp(t, browser, async () => token);
    await scene.work();
    await scene.show();
    await scene.caughtUp();
    await noteSetbacks(scene.page);
    await scene.work();
    await untilNotice(scene.page, '이 작업을 볼 권한이 없습니다');
    token = await makeToken({ run: RUN });
    await scene.work();
    await scene.caughtUp();
    await scene.finish();
  },
);
