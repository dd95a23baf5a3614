// What pages do to the element that nobody thinks of: other writing directions, themes, resets, stages of their own.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { hang, openGallery, type Wall } from '../../scripts/gallery.ts';
import { browserTest } from './browser-test.ts';

const STILL = { reducedMotion: 'reduce' } as const;

async function open(t: TestContext, browser: Browser, wall: Partial<Wall>): Promise<Page> {
  const page = await openGallery(browser, STILL);
  t.after(() => page.close());
  await hang(page, { variant: 'full', width: 720, language: 'en', ...wall });
  return page;
}

/** The element in the example with exactly that name. */
function example(page: Page, name: string) {
  return page
    .locator('section')
    .filter({ has: page.getByRole('heading', { name, exact: true }) })
    .locator('run-progress');
}

browserTest(
  'the ring is as full as the run is far',
  async (t, browser) => {
    const page = await open(t, browser, { variant: 'ring', width: 96 });
    const drawn = await example(page, 'running')
      .locator('path.fill')
      .evaluate((fill) => Number.parseFloat(getComputedStyle(fill).strokeDasharray));
    assert.equal(drawn, 42);
  },
  STILL,
);

for (const language of ['ko', 'en'] as const)
  browserTest(
    `stages of its own never make a page wider: a row that doesn't fit becomes the step, ${language}`,
    async (t, browser) => {
      for (const width of [320, 900, 1200]) {
        const page = await open(t, browser, { around: 'own-stages', width, language });
        const seen = await example(page, 'running').evaluate((element) => {
          const root = element.shadowRoot as ShadowRoot;
          const { bottom } = (root.querySelector('.stages') as Element).getBoundingClientRect();
          const [row, step] = ['ol', '.step']
            .map((selector) => (root.querySelector(selector) as Element).getBoundingClientRect())
            .map(({ top, width }) => top < bottom - 1 && width > 1);
          const { scrollWidth, clientWidth } = document.documentElement;
          return { row, step, isWider: scrollWidth > clientWidth };
        });
        assert.deepEqual(seen, { row: !seen.step, step: !seen.row, isWider: false }, `${width} px`);
        if (width === 320) assert.equal(seen.step, true);
        if (width === 1200 && language === 'ko') assert.equal(seen.row, true);
      }
    },
    STILL,
  );

browserTest(
  'a label stands in its segment, and moves no other when its stage begins',
  async (t, browser) => {
    const page = await open(t, browser, { width: 720 });
    const labelsOf = (name: string) =>
      example(page, name).evaluate((element) => {
        const root = element.shadowRoot as ShadowRoot;
        const bar = (root.querySelector('.bar') as Element).getBoundingClientRect();
        return [...root.querySelectorAll('li')].map((label) => {
          const { left, right } = label.getBoundingClientRect();
          return [left, right].map((x) => Math.round(((x - bar.left) / bar.width) * 1000) / 10);
        });
      });
    const running = await labelsOf('running');
    assert.deepEqual(running.slice(0, 4), [
      [0, 20],
      [20, 65],
      [65, 80],
      [80, 95],
    ]);
    // The last segment is too short for any word: its label ends where the bar does.
    assert.equal(running[4]?.[1], 100);
    assert.deepEqual(await labelsOf('failed'), running);
    assert.deepEqual(await labelsOf('counting'), running);
  },
  STILL,
);

browserTest(
  'right to left, the bar begins at the right and a percentage reads as one',
  async (t, browser) => {
    const page = await open(t, browser, { around: 'rtl' });
    const { width, isAtRight, isReadable } = await example(page, 'running').evaluate((element) => {
      const root = element.shadowRoot as ShadowRoot;
      const bar = (root.querySelector('.bar') as Element).getBoundingClientRect();
      const fill = (root.querySelector('.fill') as Element).getBoundingClientRect();
      const percent = root.querySelector('.percent') as Element;
      const text = [...percent.childNodes].find(({ textContent }) => textContent === '42%') as Text;
      const lefts = [0, 2].map((from) => {
        const range = document.createRange();
        range.setStart(text, from);
        range.setEnd(text, from + 1);
        return range.getBoundingClientRect().left;
      });
      return {
        width: (Math.min(bar.right, fill.right) - Math.max(bar.left, fill.left)) / bar.width,
        isAtRight: fill.right > bar.right - 1,
        isReadable: (lefts[0] ?? 0) < (lefts[1] ?? 0),
      };
    });
    assert.ok(width > 0.41 && width < 0.43, `it is ${width} full`);
    assert.equal(isAtRight, true);
    assert.equal(isReadable, true, '42% and not %42');
  },
  STILL,
);

browserTest(
  'no reset of a page reaches in',
  async (t, browser) => {
    const page = await open(t, browser, { width: 480 });
    const styleOf = () =>
      example(page, 'running')
        .locator('.message')
        .evaluate((line) => {
          const { lineHeight, textIndent, letterSpacing, textAlign } = getComputedStyle(line);
          return { lineHeight, textIndent, letterSpacing, textAlign };
        });
    const before = await styleOf();
    await hang(page, { variant: 'full', width: 480, language: 'en', around: 'resets' });
    assert.deepEqual(await styleOf(), before);
  },
  STILL,
);

browserTest(
  'the log shows whole lines, and the line of a failure once',
  async (t, browser) => {
    const page = await open(t, browser, { width: 480 });
    const { cut, times } = await example(page, 'failed').evaluate((element) => {
      const root = element.shadowRoot as ShadowRoot;
      const box = root.querySelector('.lines') as HTMLElement;
      const lineHeight = Number.parseFloat(getComputedStyle(box).lineHeight);
      const text = root.querySelector('.run > .log')?.textContent ?? '';
      const all = root.querySelector('.run')?.textContent ?? '';
      return {
        cut: (box.clientHeight / lineHeight) % 1,
        times: [text, all].map((each) => each.split('ffmpeg ended with code 1').length - 1),
      };
    });
    assert.ok(Math.min(cut, 1 - cut) < 0.1, `${cut} of a line is cut`);
    // The element's words are spoken once more, by a region that isn't seen.
    assert.equal(times[0], 1);
    assert.ok((times[1] ?? 0) <= 2);
  },
  STILL,
);

browserTest(
  'in a column of compact elements the words begin at one place, and stay inside',
  async (t, browser) => {
    for (const width of [420, 240, 160]) {
      const page = await open(t, browser, { variant: 'compact', width });
      const words = await page.locator('run-progress').evaluateAll((elements) =>
        elements.map((element) => {
          const title = element.shadowRoot?.querySelector('.title') as HTMLElement;
          const { left, right } = element.getBoundingClientRect();
          const box = title.getBoundingClientRect();
          return { at: Math.round(box.left - left), isInside: box.right <= right + 1 };
        }),
      );
      assert.equal(
        new Set(words.map(({ at }) => at)).size,
        1,
        `at ${width} px: ${words.map(({ at }) => at)}`,
      );
      assert.ok(words.every(({ isInside }) => isInside));
    }
  },
  STILL,
);

browserTest('two hundred idle elements render nothing, and one that counts renders', async (t, browser) => {
  const page = await openGallery(browser, {});
  t.after(() => page.close());
  const renders = async (variant: Wall['variant'], names: string[]) => {
    await hang(page, { variant, width: 320, language: 'en' });
    await page.evaluate((names) => {
      const counts: Record<string, number> = {};
      Object.assign(globalThis, { counts });
      for (const section of document.querySelectorAll('section')) {
        const name = section.querySelector('h1')?.textContent ?? '';
        if (!names.includes(name)) continue;
        counts[name] = 0;
        const element = section.querySelector('run-progress');
        if (!element?.shadowRoot) continue;
        const { requestUpdate } = element;
        element.requestUpdate = (...change) => {
          counts[name] = (counts[name] ?? 0) + 1;
          requestUpdate.apply(element, change);
        };
      }
    }, names);
    await page.clock.runFor(5_000);
    return page.evaluate(() => (globalThis as unknown as { counts: Record<string, number> }).counts);
  };
  const idle = ['waiting', 'running', 'unknown state', 'done', 'failed', 'expired', 'refused'];
  assert.deepEqual(await renders('compact', idle), Object.fromEntries(idle.map((name) => [name, 0])));
  const full = await renders('full', ['running', 'done', 'expired']);
  assert.deepEqual([full.done, full.expired], [0, 0]);
  assert.ok((full.running ?? 0) >= 4, 'its elapsed time counts');
});

/** A page with these elements, which take their messages from the test. */
async function openPage(t: TestContext, browser: Browser, html: string): Promise<Page> {
  const page = await openGallery(browser, STILL);
  t.after(() => page.close());
  await page.clock.resume();
  await page.evaluate((html) => {
    document.documentElement.lang = 'en';
    document.body.innerHTML = html;
  }, html);
  return page;
}

const MANUAL = 'transport="manual" run-id="a"';

browserTest('rows that a page learns of at load say nothing; later each names itself', async (t, browser) => {
  const rows = Array.from(
    { length: 20 },
    (_, row) => `<run-progress ${MANUAL} label="Video ${row}" variant="compact"></run-progress>`,
  );
  const page = await openPage(t, browser, rows.join(''));
  const spoken = () =>
    page.evaluate(async () => {
      const elements = [...document.querySelectorAll('run-progress')];
      await Promise.all(elements.map((element) => element.updateComplete));
      return elements
        .map(({ shadowRoot }) => shadowRoot?.querySelector('[role=status]')?.textContent)
        .filter(Boolean);
    });
  const send = (message: object, only?: number) =>
    page.evaluate(
      ([message, only]) => {
        for (const [row, element] of document.querySelectorAll('run-progress').entries()) {
          if (only === undefined || only === row)
            element.receive({ run_id: 'a', ts: Date.now(), ...(message as object) });
        }
      },
      [message, only] as const,
    );
  assert.deepEqual(await spoken(), []);
  await send({
    type: 'initial_state',
    id: 1,
    state: 'PLOT_GENERATION',
    progress: 0.1,
    logs: [],
    log_times: [],
  });
  assert.deepEqual(await spoken(), []);
  await send({ type: 'progress', id: 2, state: 'QA', progress: 0.9 }, 7);
  assert.deepEqual(await spoken(), ['Video 7, Checking quality, 90%']);
});

browserTest('it speaks the language of what its shadow tree stands in', async (t, browser) => {
  const page = await openPage(t, browser, '<div lang="ko"><section></section></div>');
  const title = await page.evaluate(async (html) => {
    const root = document.querySelector('section')?.attachShadow({ mode: 'open' });
    if (!root) throw new Error('no section');
    root.innerHTML = html;
    const element = root.querySelector('run-progress');
    await element?.updateComplete;
    return element?.shadowRoot?.querySelector('.title')?.textContent;
  }, `<p><run-progress ${MANUAL}></run-progress></p>`);
  assert.equal(title, '대기 중');
});

browserTest('stages that are none are reported once, and the run is shown without', async (t, browser) => {
  const page = await openPage(t, browser, '');
  const errors: string[] = [];
  page.on('console', (message) => errors.push(message.text()));
  const reported = page.waitForEvent('console');
  await page.evaluate(async (html) => {
    document.body.innerHTML = html;
    const element = document.querySelector('run-progress');
    element?.receive({
      type: 'progress',
      run_id: 'a',
      id: 1,
      ts: Date.now(),
      state: 'BAKING',
      progress: 0.5,
    });
    await element?.updateComplete;
    element?.requestUpdate();
    await element?.updateComplete;
  }, `<run-progress ${MANUAL} stages="[null]"></run-progress>`);
  await reported;
  assert.equal(await page.locator('.title').textContent(), 'BAKING');
  assert.equal(errors.length, 1);
});

browserTest('a slotted link without an address stays hidden, whatever its class says', async (t, browser) => {
  const links = '<a class="button" data-href="video_url">1</a>';
  const page = await openPage(
    t,
    browser,
    `<style>.button { display: inline-flex }</style>
     <run-progress ${MANUAL}>${links.replace('<a', '<a slot="done"')}<span slot="done">${links}</span></run-progress>`,
  );
  const end = (data?: object) =>
    page.evaluate(async (data) => {
      const element = document.querySelector('run-progress');
      element?.receive({
        type: 'initial_state',
        run_id: 'a',
        id: data ? 2 : 1,
        ts: Date.now(),
        state: 'END',
        done: true,
        data,
      });
      await element?.updateComplete;
      return [...document.querySelectorAll('a')].map((link) => link.checkVisibility());
    }, data);
  assert.deepEqual(await end(), [false, false]);
  assert.deepEqual(await end({ video_url: '/1.mp4' }), [true, true]);
});
