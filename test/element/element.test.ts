// The element's own behaviour, fed by hand: slots, log, retries, language.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { openGallery } from '../../scripts/gallery.ts';
import { browserTest, chromiumTest } from './browser-test.ts';

/** A page with one element that takes its messages from the test. */
async function openElement(t: TestContext, browser: Browser, inside = '', language = 'ko'): Promise<Page> {
  const page = await openGallery(browser, { viewport: { width: 600, height: 500 } });
  t.after(() => page.close());
  await page.clock.resume();
  await page.evaluate(
    ([html, lang]) => {
      document.documentElement.lang = lang as string;
      document.body.innerHTML = `<run-progress transport="manual" run-id="a">${html}</run-progress>`;
    },
    [inside, language],
  );
  return page;
}

async function send(page: Page, ...messages: object[]): Promise<void> {
  await page.evaluate(async (messages) => {
    const element = document.querySelector('run-progress');
    for (const message of messages)
      element?.receive({ type: 'progress', run_id: 'a', ts: Date.now(), ...message });
    await element?.updateComplete;
  }, messages);
}

const lines = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => ({
    id: from + index,
    progress: 0.1,
    message: `line ${from + index}`,
  }));

const endOf = (page: Page) =>
  page.locator('.lines').evaluate((box) => Math.round(box.scrollHeight - box.clientHeight - box.scrollTop));

browserTest(
  'data reaches the slots as web addresses; any other address hides its link',
  async (t, browser) => {
    const links = ['url', 'script', 'none', 'object']
      .map((field) => `<a slot="done" data-href="${field}">${field}</a>`)
      .join('');
    const page = await openElement(t, browser, links);
    const data = { url: '/videos/1.mp4', script: 'javascript:alert(1)', object: { url: '/videos/1.mp4' } };
    await send(page, { id: 1, state: 'END', progress: 1, done: true, data });
    const seen = await page
      .locator('a')
      .evaluateAll((all) =>
        all.map((link) => [(link as HTMLAnchorElement).hidden, link.getAttribute('href')]),
      );
    assert.deepEqual(seen, [
      [false, '/videos/1.mp4'],
      [true, null],
      [true, null],
      [true, null],
    ]);
  },
);

browserTest('a run that begins again starts its bar at once, and says so', async (t, browser) => {
  const page = await openElement(t, browser, '', 'en');
  await send(page, { id: 1, state: 'QA', progress: 0.9, message: 'a' });
  await send(page, { id: 2, state: 'PLOT_GENERATION', progress: 0.1, message: 'b' });
  assert.equal(await page.locator('.note').textContent(), 'second attempt');
  const { left, width } = await page.locator('.fill').evaluate((fill) => {
    const bar = (fill.parentElement as HTMLElement).getBoundingClientRect();
    return { left: fill.getBoundingClientRect().right - bar.left, width: bar.width };
  });
  assert.ok(Math.abs(left / width - 0.1) < 0.01, 'no ride backwards');
});

browserTest(
  'the log follows its end until the reader scrolls up, then keeps their place and counts what is new',
  async (t, browser) => {
    const page = await openElement(t, browser);
    await send(page, ...lines(1, 40));
    await page.locator('.toggle').click();
    await page.locator('.lines').waitFor();
    assert.equal(await endOf(page), 0);
    await send(page, ...lines(41, 45));
    assert.equal(await endOf(page), 0);
    await page.locator('.lines').hover();
    await page.mouse.wheel(0, -300);
    await page.waitForFunction(() => {
      const box = document.querySelector('run-progress')?.shadowRoot?.querySelector('.lines');
      return box && box.scrollHeight - box.clientHeight - box.scrollTop > 100;
    });
    const topLine = () =>
      page.locator('.lines').evaluate((box) => {
        const top = box.getBoundingClientRect().top;
        return [...box.children].find((row) => row.getBoundingClientRect().bottom > top + 1)?.textContent;
      });
    const read = await topLine();
    // Past the limit of 500, so that lines above are dropped as well.
    await send(page, ...lines(46, 520));
    assert.equal(await topLine(), read);
    assert.match((await page.locator('.more').textContent()) ?? '', /475/);
    await page.locator('.more').click();
    await page.locator('.more').waitFor({ state: 'hidden' });
    assert.equal(await endOf(page), 0);
  },
);

browserTest('an element that is moved about keeps what it shows', async (t, browser) => {
  const page = await openElement(t, browser);
  await send(page, ...lines(1, 3));
  await page.evaluate(() => {
    const element = document.querySelector('run-progress');
    element?.remove();
    if (element) document.body.append(element);
  });
  assert.equal(await page.locator('.percent').textContent(), '10%');
});

browserTest('another run-id starts empty, and its end is told again', async (t, browser) => {
  const page = await openElement(t, browser, '', 'en');
  const ends = () => page.evaluate(() => (globalThis as unknown as { ends: number }).ends);
  await page.evaluate(() => {
    Object.assign(globalThis, { ends: 0 });
    addEventListener('run-complete', () => (globalThis as unknown as { ends: number }).ends++);
  });
  await send(page, { id: 1, state: 'END', progress: 1, done: true });
  await page.evaluate(() => document.querySelector('run-progress')?.setAttribute('run-id', 'b'));
  await page.locator('.waiting').waitFor();
  await send(page, { id: 1, state: 'END', progress: 1, done: true });
  assert.equal(await ends(), 2);
});

browserTest('stages and words are the page’s own where it gives some', async (t, browser) => {
  const page = await openElement(t, browser, '', 'fr');
  await page.evaluate(() => {
    const element = document.querySelector('run-progress');
    element?.setAttribute('stages', '[{"state":"A","label":"Un","until":0.3},{"state":"B","until":1}]');
    if (element) element.words = { locale: 'fr', silent: 'Silence', stages: { B: ['Deux', 'Phase deux'] } };
  });
  await send(page, { id: 1, state: 'B', progress: 0.5 });
  assert.equal(await page.locator('.title').textContent(), 'Phase deux');
  assert.deepEqual(await page.locator('li').allInnerTexts(), ['Un', 'Deux']);
});

// Firefox lets no test read its clipboard.
chromiumTest('the whole log is copied, and the button says so until more comes', async (t, browser) => {
  const page = await openElement(t, browser, '', 'en');
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await send(page, ...lines(1, 3), { id: 4, progress: 0.2, message: '<b>&amp;' });
  await page.locator('.toggle').click();
  const button = page.locator('.copy');
  assert.equal((await button.textContent())?.trim(), 'Copy');
  await button.click();
  await button.filter({ hasText: 'Copied' }).waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), 'line 1\nline 2\nline 3\n<b>&amp;');
  await send(page, { id: 5, progress: 0.3, message: 'more' });
  await button.filter({ hasNotText: 'Copied' }).waitFor();
});

browserTest(
  'a reader of the log keeps their count through a snapshot; one at its end stays there when it becomes narrower',
  async (t, browser) => {
    const page = await openElement(t, browser, '', 'en');
    const ts = Date.now() - 100_000;
    const long = (n: number) => `line ${n} ${'and so on '.repeat(10)}`;
    await send(page, ...lines(1, 60).map((line) => ({ ...line, message: long(line.id), ts: ts + line.id })));
    await page.locator('.toggle').click();
    await page.locator('.lines').waitFor();
    await page.setViewportSize({ width: 300, height: 500 });
    await send(page, { id: 61, progress: 0.1, message: long(61), ts: ts + 61 });
    await page.waitForFunction(() => {
      const box = document.querySelector('run-progress')?.shadowRoot?.querySelector('.lines');
      return box && box.scrollHeight - box.clientHeight - box.scrollTop <= 1;
    });
    await page.locator('.lines').hover();
    await page.mouse.wheel(0, -300);
    await page.waitForFunction(() => {
      const box = document.querySelector('run-progress')?.shadowRoot?.querySelector('.lines');
      return box && box.scrollHeight - box.clientHeight - box.scrollTop > 100;
    });
    const all = Array.from({ length: 63 }, (_, index) => index + 1);
    const log_times = all.map((n) => ts + n);
    await send(page, {
      type: 'initial_state',
      id: 63,
      ts: ts + 63,
      progress: 0.1,
      logs: all.map(long),
      log_times,
    });
    assert.match((await page.locator('.more').textContent()) ?? '', /^\s*2 new/);
    // Another run, whose log opens by itself as well, is none of which they left the end.
    await send(page, { id: 64, state: 'FAILED', done: true });
    await page.evaluate(() => document.querySelector('run-progress')?.setAttribute('run-id', 'b'));
    await send(page, ...lines(1, 60), { id: 61, state: 'FAILED', done: true });
    await page.locator('.more').waitFor({ state: 'hidden' });
    assert.equal(await endOf(page), 0);
  },
);

browserTest('without an attribute it looks as it did before it had one', async (t, browser) => {
  const page = await openElement(t, browser);
  const looks = () => page.locator('.run').getAttribute('class');
  const before = await looks();
  for (const variant of ['ring', 'compact']) {
    await page.evaluate(
      (name) => document.querySelector('run-progress')?.setAttribute('variant', name),
      variant,
    );
    await page.locator(`.run.${variant}`).waitFor();
    await page.evaluate(() => document.querySelector('run-progress')?.removeAttribute('variant'));
    await page.locator(`.run:not(.${variant})`).waitFor();
    assert.equal(await looks(), before);
  }
});

browserTest('it takes no more room than it is given', async (t, browser) => {
  const page = await openElement(t, browser);
  await send(page, { id: 1, state: 'QA', progress: 0.5, message: 'x'.repeat(8_192) });
  await page.evaluate(() => {
    document.body.style.margin = '0';
  });
  await page.locator('.toggle').click();
  for (const width of [600, 160]) {
    await page.setViewportSize({ width, height: 500 });
    const room = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.equal(room, width);
  }
});

browserTest(
  'what is done still follows the language, and fills what is slotted later',
  async (t, browser) => {
    const page = await openElement(t, browser, '', 'en');
    await send(page, { id: 1, state: 'END', progress: 1, done: true, data: { url: '/videos/1.mp4' } });
    await page.evaluate(() => {
      document.documentElement.lang = 'ko';
      document
        .querySelector('run-progress')
        ?.insertAdjacentHTML('beforeend', '<a slot="done" data-href="url">1</a>');
    });
    await page.locator('.title', { hasText: '완료' }).waitFor();
    await page.locator('a[href="/videos/1.mp4"]').waitFor();
  },
);
