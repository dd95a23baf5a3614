// Pages with the element for tests: every state on a wall, or what a test wants.
import type { TestContext } from 'node:test';
import type { Browser, Locator, Page } from 'playwright-core';
import { hang, openGallery, type Wall } from '../../scripts/gallery.ts';

export const STILL = { reducedMotion: 'reduce' } as const;

export async function openWall(t: TestContext, browser: Browser, wall: Partial<Wall>): Promise<Page> {
  const page = await openGallery(browser, STILL);
  t.after(() => page.close());
  await hang(page, { variant: 'full', width: 720, language: 'en', ...wall });
  return page;
}

/** The element in the example with exactly that name. */
export function example(page: Page, name: string): Locator {
  return page
    .locator('section')
    .filter({ has: page.getByRole('heading', { name, exact: true }) })
    .locator('run-progress');
}

/** A page with these elements, which take their messages from the test. */
export async function openPage(t: TestContext, browser: Browser, html: string): Promise<Page> {
  const page = await openGallery(browser, STILL);
  t.after(() => page.close());
  await page.clock.resume();
  await page.evaluate((html) => {
    document.documentElement.lang = 'en';
    document.body.innerHTML = html;
  }, html);
  return page;
}
