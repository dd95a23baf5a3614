// What pages do to the element that nobody thinks of: other writing directions, resets, stages of their own, narrow columns.
import assert from 'node:assert/strict';
import { hang } from '../../scripts/gallery.ts';
import { browserTest } from './browser-test.ts';
import { example, openWall, STILL } from './gallery-page.ts';

browserTest(
  'the ring is as full as the run is far',
  async (t, browser) => {
    const page = await openWall(t, browser, { variant: 'ring', width: 96 });
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
        const page = await openWall(t, browser, { around: 'own-stages', width, language });
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
    const page = await openWall(t, browser, { width: 720 });
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
    const page = await openWall(t, browser, { around: 'rtl' });
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
  'right to left, words stand where a reader begins, and read as they are written',
  async (t, browser) => {
    const page = await openWall(t, browser, { around: 'rtl' });
    /** How far the text's first letter is from the bar's left end, and its last one from the right end. */
    const [message, percent, time] = await example(page, 'running').evaluate((element) => {
      const root = element.shadowRoot as ShadowRoot;
      const bar = (root.querySelector('.bar') as Element).getBoundingClientRect();
      return ['.message', '.percent', '.times span'].map((selector) => {
        const box = root.querySelector(selector) as Element;
        const texts = document.createTreeWalker(box, NodeFilter.SHOW_TEXT);
        while (texts.nextNode() && !texts.currentNode.textContent?.trim());
        const text = texts.currentNode;
        const range = document.createRange();
        const [first, last] = [0, (text.textContent ?? '').length - 1].map((from) => {
          range.setStart(text, from);
          range.setEnd(text, from + 1);
          return range.getBoundingClientRect();
        });
        if (!first || !last) throw new Error(`no text in ${selector}`);
        const isInOrder = first.left < last.left;
        const { direction } = getComputedStyle(box);
        return { left: first.left - bar.left, right: bar.right - last.right, isInOrder, direction };
      });
    });
    assert.ok(message && percent && time);
    assert.ok(Math.abs(message.right) < 1 && Math.abs(percent.left) < 1);
    // It is cut, with an ellipsis, where it ends.
    assert.equal(message.direction, 'ltr');
    assert.ok(message.isInOrder && percent.isInOrder && time.isInOrder);
  },
  STILL,
);

browserTest(
  'no reset of a page reaches in',
  async (t, browser) => {
    const page = await openWall(t, browser, { width: 480 });
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
    const page = await openWall(t, browser, { width: 480 });
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
      const page = await openWall(t, browser, { variant: 'compact', width });
      const words = await page.locator('run-progress').evaluateAll((elements) =>
        elements.map((element) => {
          const title = element.shadowRoot?.querySelector('.title') as HTMLElement;
          const link = element.querySelector('a') as HTMLElement;
          const { left, right } = element.getBoundingClientRect();
          const box = title.getBoundingClientRect();
          const end = Math.max(box.right, link.getBoundingClientRect().right);
          return { at: Math.round(box.left - left), isInside: end <= right + 1 };
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
