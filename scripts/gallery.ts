// A page with the element in every state at once, for the screenshots and for the check of its accessibility.
import { readFile } from 'node:fs/promises';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';

export interface Wall {
  variant: 'full' | 'compact' | 'ring';
  /** Of each element, in px. */
  width: number;
  language: 'ko' | 'en';
  isLogOpen?: boolean;
  /** Names of states, instead of all. */
  only?: readonly string[];
  /** The kind of page around it. */
  around?: Surroundings;
}

/** Pages that aren't as the element would like them, by the class of their root. */
export type Surroundings = 'rtl' | 'dark-by-class' | 'resets' | 'large-text' | 'own-stages';

/** Trustworthy to a browser, so that there is a clipboard. */
const ORIGIN = 'http://run-progress.localhost';
const PAGE = `<!doctype html><meta charset="utf-8"><title>Every state</title>
<script type="module" src="/run-progress.js"></script>
<style>
  :root { color-scheme: light dark; font: 15px/1.5 'Noto Sans', 'Noto Sans CJK KR', sans-serif; }
  main { display: flex; flex-wrap: wrap; align-items: start; gap: 24px 40px; margin: 24px; }
  body { margin: 0; background: light-dark(#fff, #131518); color: light-dark(#1c2024, #edeef0); }
  section { flex: none; }
  h1 { margin: 0 0 4px; font: 11px sans-serif; }
  .dark-by-class { color-scheme: only light; }
  .dark-by-class body { background: #16181d; color: #e6e8eb; }
  .resets * { margin: 0; padding: 0; line-height: 1; letter-spacing: 0.1em; text-align: center; text-indent: 2em; }
  .large-text { font-size: 30px; }
</style>
<main></main>`;

export async function openGallery(browser: Browser, options: BrowserContextOptions): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 400 }, ...options });
  await page.route(`${ORIGIN}/**`, async (route) => {
    const { pathname } = new URL(route.request().url());
    if (pathname === '/') return route.fulfill({ contentType: 'text/html', body: PAGE });
    if (pathname === '/favicon.ico') return route.fulfill({ status: 204 });
    return route.fulfill({
      contentType: 'text/javascript',
      body: await readFile(`public${pathname}`, 'utf8'),
    });
  });
  await page.clock.install();
  await page.goto(ORIGIN);
  return page;
}

/** Puts every state on the page; the page's own clock has gone on far enough for all of them to have settled. */
export async function hang(page: Page, wall: Wall): Promise<void> {
  await page.evaluate(async ({ variant, width, language, only, around = '' }) => {
    const { exampleElement, exampleStates, ownStages } = await import(`${location.origin}/page-states.js`);
    document.documentElement.lang = language;
    document.documentElement.dir = around === 'rtl' ? 'rtl' : 'ltr';
    document.documentElement.className = around;
    const main = document.querySelector('main');
    main?.replaceChildren();
    for (const example of exampleStates(Date.now(), language)) {
      if (only?.includes(example.name) === false) continue;
      const section = document.createElement('section');
      section.style.inlineSize = `${width}px`;
      const title = document.createElement('h1');
      title.textContent = example.name;
      const element = exampleElement(example, variant, language);
      if (variant === 'ring') element.style.inlineSize = `${width}px`;
      if (around === 'own-stages') element.stages = ownStages(language);
      section.append(title, element);
      main?.append(section);
    }
  }, wall);
  await page.clock.runFor(4_000);
  if (!wall.isLogOpen) return;
  await page.evaluate(() => {
    for (const element of document.querySelectorAll('run-progress')) {
      const toggle = element.shadowRoot?.querySelector<HTMLButtonElement>('.toggle');
      if (toggle?.ariaExpanded === 'false') toggle.click();
    }
  });
  await page.clock.runFor(1_000);
}
