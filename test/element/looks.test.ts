// What is drawn, where words alone wouldn't tell: measured in Chromium on every state at once.
import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { launchChromium } from '../../scripts/browsers.ts';
import { hang, openGallery } from '../../scripts/gallery.ts';

let browser: Browser;
before(async () => {
  browser = await launchChromium();
});
after(() => browser.close());

async function open(t: TestContext, reducedMotion: 'reduce' | 'no-preference'): Promise<Page> {
  const page = await openGallery(browser, { reducedMotion });
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

for (const variant of ['full', 'compact', 'ring'] as const) {
  test(`${variant}: a piece moves while nobody knows how far it is, and stands still where motion is unwanted`, async (t) => {
    const moving = await open(t, 'no-preference');
    const still = await open(t, 'reduce');
    for (const page of [moving, still]) await hang(page, { variant, width: 96, language: 'en' });
    assert.deepEqual(await seeFill(moving, 'no percentage'), { isDrawn: true, isMoving: true });
    assert.deepEqual(await seeFill(still, 'no percentage'), { isDrawn: true, isMoving: false });
    assert.deepEqual(await seeFill(moving, 'estimated'), { isDrawn: true, isMoving: false });
  });
}

test('times are shown whole or not at all, and the title is cut last', async (t) => {
  const page = await open(t, 'reduce');
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
});
