// The element on pages as they are: old libraries, frames that nobody sees, scripts in any order, services below a path,
// tokens.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { pollUntil } from '../support/poll-until.ts';
import { browserTest } from './browser-test.ts';
import { see, waitFor } from './element-in-page.ts';
import { openFront } from './front.ts';
import { startRestartable } from './restartable-service.ts';

async function setUp(t: TestContext, browser: Browser, body: string) {
  const service = await startRestartable();
  t.after(() => service.kill());
  const front = await openFront(service.url);
  t.after(() => front.close());
  front.body = body;
  const page = await browser.newPage();
  t.after(() => page.close());
  return { service, front, page };
}

/** A page of that HTML; everything else is passed on to the service below `/progress/`. */
async function openSite(t: TestContext, service: string, html: string): Promise<string> {
  const server = createServer(async ({ url = '' }, response) => {
    if (url === '/') return response.writeHead(200, { 'Content-Type': 'text/html' }).end(html);
    if (url === '/npm.js') {
      const { build } = await import('esbuild');
      const { outputFiles } = await build({
        entryPoints: ['dist/element.js'],
        bundle: true,
        write: false,
        format: 'esm',
      });
      return response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(outputFiles[0]?.text);
    }
    if (url === '/progress/run-progress.js')
      return response
        .writeHead(200, { 'Content-Type': 'text/javascript' })
        .end(await readFile('public/run-progress.js'));
    if (!url.startsWith('/progress/')) return response.writeHead(404).end();
    try {
      const answer = await fetch(service + url.slice('/progress'.length));
      response.writeHead(answer.status, { 'Content-Type': answer.headers.get('content-type') ?? '' });
      for await (const chunk of answer.body ?? []) response.write(chunk);
    } catch (error) {
      // TypeError: the service has stopped, before it answered or while it did.
      if (!(error instanceof TypeError)) throw error;
    }
    response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

browserTest('a run id that was typed on a Mac is the same run', async (t, browser) => {
  const { service, front, page } = await setUp(
    t,
    browser,
    `<run-progress run-id="${'우주'.normalize('NFD')}"></run-progress>`,
  );
  await page.goto(front.url);
  await service.publish('우주', { state: 'QA', progress: 0.5, log: 'one' });
  await waitFor(page, { logs: 1, last: 'one', phase: 'live' });
});

browserTest(
  'a new element in the place of another starts from what is known, without a request',
  async (t, browser) => {
    const { service, front, page } = await setUp(t, browser, '<run-progress run-id="a"></run-progress>');
    await page.goto(front.url);
    await service.publish('a', { state: 'QA', progress: 0.5, log: 'one' });
    await waitFor(page, { logs: 1 });
    const asked = front.count('/api/');
    const seen = await page.evaluate(async () => {
      const element = document.querySelector('run-progress');
      const other = document.createElement('run-progress');
      other.runId = 'a';
      element?.replaceWith(other);
      await other.updateComplete;
      return other.logs;
    });
    assert.deepEqual(seen, ['one']);
    await service.publish('a', { state: 'END', progress: 1, log: 'two' });
    await waitFor(page, { logs: 2, phase: 'closed' });
    assert.equal(front.count('/api/'), asked);
  },
);

browserTest('a frame that nobody sees hears of the end', async (t, browser) => {
  const { service, front, page } = await setUp(t, browser, '<run-progress run-id="a"></run-progress>');
  await service.publish('a', { state: 'END', progress: 1, log: 'end' });
  const url = await openSite(t, service.url, `<iframe src="/inner" style="display:none"></iframe>`);
  await page.goto(url);
  await page.evaluate((src) => {
    const frame = document.querySelector('iframe') as HTMLIFrameElement;
    frame.src = src;
  }, front.url);
  await page.waitForFunction(() => document.querySelector('iframe') !== null);
  await waitForFrame(page, front.url);
});

async function waitForFrame(page: Page, url: string) {
  for (;;) {
    const frame = page.frames().find((each) => each.url().startsWith(url));
    if (frame) {
      await frame.waitForFunction(
        () => document.querySelector('run-progress')?.connection?.phase === 'closed',
        null,
        { polling: 50, timeout: 60_000 },
      );
      return;
    }
    await page.waitForEvent('framenavigated');
  }
}

browserTest('an old library that gives arrays a toJSON changes nothing', async (t, browser) => {
  const { service, front, page } = await setUp(
    t,
    browser,
    '<run-progress run-id="a"></run-progress><run-progress run-id="b"></run-progress>',
  );
  await page.addInitScript(() => {
    Object.assign(Array.prototype, { toJSON: () => '[]' });
  });
  await page.goto(front.url);
  await service.publish('b', { state: 'QA', progress: 0.5, log: 'one' });
  await page.waitForFunction(() => document.querySelectorAll('run-progress')[1]?.logs?.[0] === 'one', null, {
    polling: 50,
  });
});

for (const [name, script] of [
  ['a module', '<script type="module" src="/progress/run-progress.js?v=/1"></script>'],
  ['a classic script', '<script src="/progress/run-progress.js"></script>'],
  [
    'a script after the npm export',
    '<script type="module" src="/npm.js"></script><script type="module" src="/progress/run-progress.js"></script>',
  ],
] as const) {
  browserTest(`${name} of a service below a path finds its service`, async (t, browser) => {
    const { service, page } = await setUp(t, browser, '');
    await service.publish('a', { state: 'QA', progress: 0.5, log: 'one' });
    await page.goto(await openSite(t, service.url, `${script}<run-progress run-id="a"></run-progress>`));
    await waitFor(page, { logs: 1, phase: 'live' });
  });
}

browserTest('an element that no service answers says once where to look', async (t, browser) => {
  const { service, front, page } = await setUp(t, browser, '');
  // It passes on what the service says, which names no other origin.
  const edge = await openFront(service.url, { hasPage: false });
  t.after(() => edge.close());
  front.connectTo = edge.url;
  front.body = `<run-progress run-id="a" server="${edge.url}"></run-progress>`.repeat(2);
  const warnings: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'warning') warnings.push(message.text());
  });
  await page.goto(front.url);
  await waitFor(page, { phase: 'retrying' }, 1);
  await page.evaluate(() => dispatchEvent(new Event('online')));
  await pollUntil('a second request', async () => edge.count('/api/') > 1);
  await waitFor(page, { phase: 'retrying' }, 1);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? '', new RegExp(`ALLOWED_ORIGINS name ${front.url}, .*connect-src`));
});

browserTest('a provider that fails is asked again, and its error is reported', async (t, browser) => {
  const { service, front, page } = await setUp(t, browser, '');
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(front.url);
  await page.evaluate(() => {
    let asked = 0;
    const element = document.createElement('run-progress');
    element.runId = 'a';
    element.tokenProvider = async () => {
      if (asked++ === 0) throw new Error('logged out');
      return 't1';
    };
    document.body.append(element);
  });
  await service.publish('a', { state: 'QA', progress: 0.5, log: 'one' });
  await waitFor(page, { logs: 1, phase: 'live' });
  assert.deepEqual(errors, ['logged out']);
});

browserTest(
  'a token is asked for, sent, renewed when it is refused, and its refusal is told',
  async (t, browser) => {
    let good = 't1';
    let minted: string | undefined;
    const heard: string[] = [];
    const server = createServer(({ url = '', headers: { authorization = '' } }, response) => {
      if (url === '/')
        return response
          .writeHead(200, { 'Content-Type': 'text/html' })
          .end('<script src="/run-progress.js"></script>');
      if (url === '/run-progress.js')
        return readFile('public/run-progress.js').then((text) => response.end(text));
      if (!url.startsWith('/api/')) return response.writeHead(404).end();
      heard.push(`${authorization} ${new URL(url, 'http://a').searchParams.get('last_event_id')}`);
      if (authorization !== `Bearer ${good}`) return response.writeHead(401).end();
      response.writeHead(200, { 'Content-Type': 'application/x-ndjson' });
      response.write(
        `${JSON.stringify({ type: 'progress', run_id: 'a', id: heard.length, ts: Date.now(), state: 'QA', progress: 0.5, message: good })}\n`,
      );
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.closeAllConnections());
    t.after(() => void server.close());
    const page = await browser.newPage();
    t.after(() => page.close());
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    await page.exposeFunction('mint', () => minted ?? good);
    await page.evaluate(() => {
      const element = document.createElement('run-progress');
      element.runId = 'a';
      element.tokenProvider = () => (globalThis as unknown as { mint(): Promise<string> }).mint();
      document.body.append(element);
    });
    await waitFor(page, { last: 't1', phase: 'live' });
    good = 't2';
    server.closeAllConnections();
    await waitFor(page, { last: 't2', phase: 'live' });
    assert.deepEqual(heard, ['Bearer t1 null', 'Bearer t1 1', 'Bearer t2 1']);
    minted = 'wrong';
    good = 't3';
    server.closeAllConnections();
    await waitFor(page, { phase: 'unauthorized' });
    await page.getByText('Not allowed to see this run').waitFor();
    assert.equal((await see(page)).progress, 0.5);
  },
);

browserTest(
  'an error in what a page does with an event is the page’s, and the stream goes on',
  async (t, browser) => {
    const { service, front, page } = await setUp(t, browser, '<run-progress run-id="a"></run-progress>');
    await page.goto(front.url);
    await page.evaluate(() => {
      const errors: string[] = [];
      Object.assign(globalThis, { errors });
      window.onerror = (message) => {
        errors.push(String(message));
      };
      for (const name of ['run-progress', 'run-complete'] as const) {
        document.body.addEventListener(name, ({ type, detail }) => {
          throw new Error(`${type} at ${detail.progress}`);
        });
      }
    });
    for (const id of [1, 2]) {
      await service.publish('a', { state: 'QA', progress: id / 4, log: `line ${id}` });
      await waitFor(page, { logs: id, last: `line ${id}`, phase: 'live' });
    }
    await service.publish('a', { state: 'END', progress: 1, log: 'line 3' });
    await waitFor(page, { logs: 3, last: 'line 3', phase: 'closed' });
    const errors = await page.evaluate(() => (globalThis as unknown as { errors: string[] }).errors);
    assert.deepEqual(
      errors
        .filter((error) => !error.endsWith(' at null'))
        .map((error) => error.replace(/^(Uncaught )?Error: /, '')),
      ['run-progress at 0.25', 'run-progress at 0.5', 'run-progress at 1', 'run-complete at 1'],
    );
    assert.equal(front.count('/api/events'), 1);
  },
);
