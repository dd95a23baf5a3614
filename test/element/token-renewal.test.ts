// The element on another origin than the service, whose tokens come from the page's own backend, and end in mid-run.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { browserNames } from '../../scripts/browsers.ts';
import { pollUntil } from '../support/poll-until.ts';
import { publishAnswer } from '../support/publish.ts';
import { startService } from '../support/service.ts';
import { makeToken, SECRET } from '../support/token.ts';
import { browserTest } from './browser-test.ts';
import { notedEvents, notedSetbacks, noteEvents, noteSetbacks, see, waitFor } from './element-in-page.ts';
import { openFront } from './front.ts';
import { startSleepingBrowser } from './sleeping-browser.ts';

const RUN = '우주여행고양이';

/** Makes the n-th token that the page asks for. */
type Mint = (n: number) => Promise<string>;

/** Tokens that last for so many seconds, each; the later ones outlast the test. */
const lasting =
  (...seconds: number[]): Mint =>
  (n) =>
    makeToken({ run: RUN, expiresIn: seconds[n] });

/** The page's own backend: answers every request with a token. */
async function startBackend(t: TestContext, mint: Mint) {
  let asked = 0;
  const server = createServer(async (_, response) => {
    response.end(await mint(asked++));
  });
  server.listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked: () => asked };
}

async function setUp(t: TestContext, browser: Browser, mint: Mint) {
  const backend = await startBackend(t, mint);
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
    service,
    askedFor: (tokens: number) => pollUntil('another token', async () => backend.asked() >= tokens),
    work: () => publish({ state: 'RENDERING' }),
    /** `attribute`: a fixed token, instead of the provider. */
    async show(attribute?: string) {
      await page.evaluate(addElement, { server: service.url, run: RUN, attribute });
      await waitFor(page, { phase: 'live', transport: 'stream' });
    },
    caughtUp: () => waitFor(page, { logs: lines }, 0, 60_000),
    /** Nothing but a connection that lived until the end, and no word about it. */
    async nobodyNoticed() {
      assert.deepEqual(await notedIn(page), { phases: ['live', 'closed'], notices: [] });
    },
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

interface Noted {
  /** Of the connection, each as it began. */
  phases: string[];
  /** What the element said in the place of the age. */
  notices: string[];
}

/** In the page. Notes what the element says of its connection. */
function addElement(given: { server: string; run: string; attribute: string | undefined }) {
  const told: Noted = { phases: [], notices: [] };
  Object.assign(globalThis, { told });
  const element = document.createElement('run-progress');
  element.addEventListener('run-connection', ({ detail }) => told.phases.push(detail.phase));
  element.server = given.server;
  element.runId = given.run;
  if (given.attribute) element.token = given.attribute;
  else element.tokenProvider = async () => (await fetch('/token', { method: 'POST' })).text();
  document.querySelector('main')?.append(element);
  const root = element.shadowRoot as ShadowRoot;
  new MutationObserver(() => {
    const notice = root.querySelector('.notice')?.textContent;
    if (notice) told.notices.push(notice);
  }).observe(root, { subtree: true, childList: true, characterData: true });
}

function notedIn(page: Page): Promise<Noted> {
  return page.evaluate(() => (globalThis as unknown as { told: Noted }).told);
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

browserTest('a token is renewed before it expires, and nobody notices', async (t, browser) => {
  const scene = await setUp(t, browser, lasting(29, 29, 29));
  await scene.page.clock.install();
  await scene.work();
  await scene.show();
  await scene.caughtUp();
  await noteSetbacks(scene.page);
  for (const tokens of [2, 3]) {
    // Half of the lines are recorded while the page gets its next token.
    for (let n = 0; n < 3; n++) await scene.work();
    // 20 s before the expiry, and not sooner than 10 s after the token before.
    await scene.page.clock.fastForward(10_000);
    await scene.askedFor(tokens);
    for (let n = 0; n < 3; n++) await scene.work();
    await scene.caughtUp();
  }
  await scene.finish();
  await scene.nobodyNoticed();
});

browserTest(
  'a token ends in use and the next one on its way: another is asked for, and nobody notices',
  async (t, browser) => {
    const scene = await setUp(t, browser, lasting(6, -1));
    await scene.work();
    await scene.show();
    await scene.caughtUp();
    await noteSetbacks(scene.page);
    for (let n = 0; n < 3; n++) await scene.work();
    await scene.askedFor(3);
    for (let n = 0; n < 3; n++) await scene.work();
    await scene.caughtUp();
    await scene.finish();
    await scene.nobodyNoticed();
  },
);

for (const name of browserNames)
  test(`a token ends while the machine sleeps, the job goes on, and nobody notices (${name})`, async (t) => {
    const { browser, sleep, wake } = await startSleepingBrowser(t, name);
    const scene = await setUp(t, browser, lasting(6));
    await scene.work();
    await scene.show();
    await scene.caughtUp();
    await noteSetbacks(scene.page);
    sleep();
    await scene.work();
    await scene.service.program.waitForLine('the end of the stream', (line) =>
      line.includes('its token expired'),
    );
    await scene.work();
    wake();
    await scene.work();
    await scene.caughtUp();
    await scene.finish();
    await scene.nobodyNoticed();
  });

browserTest('a fixed token expires: it says so, and goes on with another one', async (t, browser) => {
  const scene = await setUp(t, browser, lasting());
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
    let token: string | null = null;
    const scene = await setUp(t, browser, async () => {
      // Made when the page asks: until then a busy machine may take longer than it lasts.
      token ??= await makeToken({ run: RUN, expiresIn: 6 });
      return token;
    });
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
