// axe-core over every state, variant and theme; and what a keyboard can do.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import { hang, openGallery, type Wall } from '../../scripts/gallery.ts';
import { browserTest } from './browser-test.ts';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

const walls: Wall[] = [
  { variant: 'full', width: 720, language: 'ko' },
  { variant: 'full', width: 560, language: 'en', isLogOpen: true },
  { variant: 'full', width: 160, language: 'ko' },
  { variant: 'compact', width: 320, language: 'ko' },
  { variant: 'ring', width: 96, language: 'en' },
  { variant: 'full', width: 480, language: 'en', around: 'own-stages' },
];
/** Contrast on a page that says "light" and is dark. */
const darkByClass = { variant: 'full', width: 560, language: 'en', around: 'dark-by-class' } as const;

for (const colorScheme of ['light', 'dark'] as const) {
  // Motion is stopped, so that colours are judged at rest.
  const preferences = { colorScheme, reducedMotion: 'reduce' } as const;
  browserTest(
    `axe finds nothing in any state and variant, ${colorScheme}`,
    async (t, browser) => {
      const page = await openGallery(browser, preferences);
      t.after(() => page.close());
      await page.addScriptTag({ path: AXE });
      for (const wall of colorScheme === 'light' ? [...walls, darkByClass] : walls) {
        await hang(page, wall);
        await page.clock.resume();
        const { violations, passes } = await page.evaluate<AxeResults>('axe.run()');
        const found = violations.flatMap(({ id, nodes }) =>
          nodes.map(({ target, any }) => [id, target, any[0]?.message]),
        );
        assert.deepEqual(found, [], `${wall.variant} ${wall.width}`);
        assert.ok(passes.some(({ id }) => id === 'color-contrast'));
      }
    },
    preferences,
  );
}

browserTest('the bar says its value and words, and no value while there is none', async (t, browser) => {
  const page = await openGallery(browser, {});
  t.after(() => page.close());
  await hang(page, { variant: 'full', width: 560, language: 'ko' });
  const bars = await page.evaluate(() =>
    [...document.querySelectorAll('run-progress')].slice(0, 2).map((element) => {
      const bar = element.shadowRoot?.querySelector('[role=progressbar]');
      return [bar?.ariaLabel, bar?.ariaValueNow, bar?.ariaValueText];
    }),
  );
  assert.deepEqual(bars, [
    ['진행률', null, '대기 중'],
    ['진행률', '42', '42%, 에셋 생성'],
  ]);
});

browserTest('the log opens, scrolls and closes by keyboard', async (t, browser) => {
  const page = await openGallery(browser, {});
  t.after(() => page.close());
  await hang(page, { variant: 'full', width: 300, language: 'ko' });
  await page.clock.resume();
  const element = page.locator('run-progress').nth(2);
  await element.locator('.toggle').focus();
  await page.keyboard.press('Enter');
  await element.locator('.lines').waitFor();
  await page.keyboard.press('Tab');
  const scrollTop = () => element.locator('.lines').evaluate((lines) => lines.scrollTop);
  const end = await scrollTop();
  assert.ok(end > 0, 'begins at its end');
  await page.keyboard.press('Home');
  await page.waitForFunction(
    (lines) => lines?.scrollTop === 0,
    await element.locator('.lines').elementHandle(),
  );
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Space');
  await element.locator('.lines').waitFor({ state: 'detached' });
});
