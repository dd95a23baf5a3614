// axe-core over every state, variant and theme; and what a keyboard can do.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import type { TestContext } from 'node:test';
import type axe from 'axe-core';
import type { AxeResults, RunOptions } from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { hang, openGallery, type Wall } from '../../scripts/gallery.ts';
import { browserTest } from './browser-test.ts';
import { STILL } from './gallery-page.ts';

/** Motion is stopped, so that colours are judged at rest. */
const stillTest: typeof browserTest = (title, body) => browserTest(title, body, STILL);

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

const walls: Wall[] = [
  { variant: 'full', width: 720, language: 'ko' },
  {
    variant: 'full',
    width: 560,
    language: 'en',
    isLogOpen: true,
    only: ['attempt 2', 'failed', 'expired', 'gap'],
  },
  { variant: 'full', width: 160, language: 'ko' },
  { variant: 'compact', width: 320, language: 'ko' },
  { variant: 'ring', width: 96, language: 'en' },
  { variant: 'full', width: 480, language: 'en', around: 'own-stages' },
];

stillTest('axe finds nothing in any state and variant', async (t, browser) => {
  const page = await openAxe(t, browser);
  for (const wall of walls) await findNothing(page, wall, {});
});

stillTest(
  'the contrast is right in the dark, and on a page that says "light" and is dark',
  async (t, browser) => {
    const page = await openAxe(t, browser);
    const contrast = { runOnly: ['color-contrast'] };
    await findNothing(
      page,
      { variant: 'full', width: 560, language: 'en', around: 'dark-by-class' },
      contrast,
    );
    await page.evaluate(() => {
      document.documentElement.style.colorScheme = 'dark';
    });
    for (const wall of walls.filter(({ width, around }) => width !== 160 && around === undefined))
      await findNothing(page, wall, contrast);
  },
);

async function openAxe(t: TestContext, browser: Browser): Promise<Page> {
  const page = await openGallery(browser, STILL);
  t.after(() => page.close());
  await page.addScriptTag({ path: AXE });
  return page;
}

async function findNothing(page: Page, wall: Wall, options: RunOptions): Promise<void> {
  await hang(page, wall);
  await page.clock.resume();
  const { violations, passes } = await page.evaluate<AxeResults, RunOptions>(
    (options) => (globalThis as unknown as { axe: typeof axe }).axe.run(options),
    options,
  );
  const found = violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, any }) => [id, target, any[0]?.message]),
  );
  assert.deepEqual(found, [], `${wall.variant} ${wall.width} ${wall.around ?? ''}`);
  assert.ok(passes.some(({ id }) => id === 'color-contrast'));
}

stillTest('the bar says its value and words, and no value while there is none', async (t, browser) => {
  const page = await openGallery(browser, STILL);
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

stillTest('the log opens, scrolls and closes by keyboard', async (t, browser) => {
  const page = await openGallery(browser, STILL);
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
