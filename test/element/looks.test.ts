// What is drawn, where words alone wouldn't tell: measured on every state at once.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import type { Preferences } from '../../scripts/browsers.ts';
import { hang, openGallery } from '../../scripts/gallery.ts';
import { browserTest } from './browser-test.ts';
import { STILL } from './gallery-page.ts';

async function open(t: TestContext, browser: Browser, preferences: Preferences): Promise<Page> {
  const page = await openGallery(browser, preferences);
  t.after(() => page.close());
  return page;
}

/** The bar or ring of the example with that name. */
function seeFill(page: Page, example: string) {
  return page
    .locator('section', { hasText: example })
    .locator('.fill')
    .evaluate((fill) => {
      const moved = (fill.getRootNode() as ShadowRoot)
        .getAnimations()
        .filter(({ effect }) => effect?.getTiming().iterations === Number.POSITIVE_INFINITY)
        .map(({ effect }) => (effect as KeyframeEffect).target);
      return { isDrawn: fill.checkVisibility(), isMoving: moved.some((target) => target?.contains(fill)) };
    });
}

for (const reducedMotion of ['no-preference', 'reduce'] as const) {
  const isMoving = reducedMotion === 'no-preference';
  browserTest(
    `while nobody knows how far it is, a piece ${isMoving ? 'moves' : 'stands still where motion is unwanted'}`,
    async (t, browser) => {
      const page = await open(t, browser, { reducedMotion });
      for (const variant of ['full', 'compact', 'ring'] as const) {
        await hang(page, { variant, width: 96, language: 'en' });
        assert.deepEqual(await seeFill(page, 'no percentage'), { isDrawn: true, isMoving }, variant);
        assert.deepEqual(await seeFill(page, 'estimated'), { isDrawn: true, isMoving: false }, variant);
      }
    },
    { reducedMotion },
  );
}

browserTest(
  'times are shown whole or not at all, and the title is cut last',
  async (t, browser) => {
    const page = await open(t, browser, STILL);
    for (let width = 160; width <= 720; width += 40) {
      await hang(page, { variant: 'full', width, language: 'en' });
      const cut = await page.locator('run-progress').evaluateAll((elements) =>
        elements
          .filter(({ shadowRoot }) => {
            const times = shadowRoot?.querySelector('.times') as HTMLElement;
            const title = shadowRoot?.querySelector('.title') as HTMLElement;
            const box = times.getBoundingClientRect();
            const seen = [...times.children]
              .filter((time) => time.textContent !== '')
              .map((time) => time.getBoundingClientRect())
              .filter(({ top }) => top < box.bottom - 1);
            const isTitleCut = title.scrollWidth > title.clientWidth;
            return seen.some(({ left }) => left < box.left - 1) || (isTitleCut && seen.length > 0);
          })
          .map((element) => element.parentElement?.textContent),
      );
      assert.deepEqual(cut, [], `at ${width} px`);
    }
  },
  STILL,
);

browserTest(
  '"Done" is whole beside a link, or gone where there is no room for it',
  async (t, browser) => {
    const page = await open(t, browser, STILL);
    const shown: boolean[] = [];
    for (const width of [420, 200, 160]) {
      await hang(page, { variant: 'compact', width, language: 'en', only: ['done'] });
      const { isSeen, isWhole } = await page.locator('.title').evaluate((title) => {
        const range = document.createRange();
        range.selectNodeContents(title);
        const [word, box] = [range, title].map((each) => each.getBoundingClientRect());
        if (!word || !box) throw new Error('no title');
        return { isSeen: word.top < box.bottom - 1, isWhole: word.right <= box.right + 1 };
      });
      assert.ok(isWhole || !isSeen, `at ${width} px`);
      shown.push(isSeen);
    }
    assert.deepEqual(shown, [true, true, false]);
  },
  STILL,
);
