// Pictures of every state, in every variant, both themes and many widths, into screenshots/. To be looked at.
import { mkdir, readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { launchChromium } from './chromium.ts';

const ORIGIN = 'http://run-progress.test';
const OUT = 'screenshots';
const WIDTHS = [1200, 720, 480, 320, 240, 160];

const PAGE = `<!doctype html><meta charset="utf-8"><title>Every state</title>
<script type="module" src="/run-progress.js"></script>
<style>
  :root { color-scheme: light dark; font: 15px/1.5 system-ui, 'Noto Sans CJK KR', sans-serif; }
  body { margin: 24px; display: flex; flex-wrap: wrap; gap: 24px 40px; background: light-dark(#fff, #131518); color: light-dark(#1c2024, #edeef0); }
  figure { margin: 0; }
  figcaption { font-size: 11px; opacity: .6; margin-bottom: 4px; }
</style>`;

const browser = await launchChromium();
await mkdir(OUT, { recursive: true });
try {
  for (const theme of ['light', 'dark'] as const) {
    const context = await browser.newContext({ colorScheme: theme, viewport: { width: 1280, height: 900 } });
    const page = await context.newPage();
    await serveFiles(page);
    await page.goto(`${ORIGIN}/`);
    for (const language of ['ko', 'en']) {
      for (const width of WIDTHS) await shoot(page, 'full', width, theme, language, false);
      await shoot(page, 'full', 560, theme, language, true);
      for (const width of [420, 240, 160]) await shoot(page, 'compact', width, theme, language, false);
      for (const width of [120, 96, 48]) await shoot(page, 'ring', width, theme, language, false);
    }
    await context.close();
  }
} finally {
  await browser.close();
}

async function shoot(
  page: Page,
  variant: string,
  width: number,
  theme: string,
  language: string,
  isOpen: boolean,
) {
  await page.evaluate(
    async ({ variant, width, language, isOpen }) => {
      const states = await import(`${location.origin}/showcase-states.js`);
      document.documentElement.lang = language;
      document.body.replaceChildren();
      document.body.className = variant;
      for (const { name, messages, connection } of states.exampleStates(Date.now())) {
        const figure = document.createElement('figure');
        figure.style.inlineSize = `${width}px`;
        const caption = document.createElement('figcaption');
        caption.textContent = name;
        const element = document.createElement('run-progress');
        element.transport = 'manual';
        element.runId = '20251105_1430_우주여행고양이';
        element.setAttribute('variant', variant);
        if (variant === 'ring') element.style.inlineSize = `${width}px`;
        element.innerHTML = '<a slot="done" data-href="video_url">영상 보기</a>';
        figure.append(caption, element);
        document.body.append(figure);
        for (const message of messages) element.receive(message);
        if (connection) element.setConnection(connection);
      }
      const elements = [...document.querySelectorAll('run-progress')];
      // The words of a lost connection come after three seconds, all motion is over by then.
      const settledMs = variant === 'full' && width === 720 ? 3600 : 700;
      await new Promise((resolve) => setTimeout(resolve, settledMs));
      for (const element of elements) {
        const toggle = element.shadowRoot?.querySelector<HTMLButtonElement>('.toggle');
        if (isOpen && toggle?.ariaExpanded === 'false') toggle.click();
      }
      await Promise.all(elements.map((element) => element.updateComplete));
    },
    { variant, width, language, isOpen },
  );
  const name = `${variant}${isOpen ? '-log' : ''}-${width}-${language}-${theme}.png`;
  await page.screenshot({ path: `${OUT}/${name}`, fullPage: true });
  console.log(name);
}

async function serveFiles(page: Page) {
  await page.route(`${ORIGIN}/**`, async (route) => {
    const { pathname } = new URL(route.request().url());
    if (pathname === '/favicon.ico') return route.fulfill({ status: 204 });
    if (pathname === '/') return route.fulfill({ contentType: 'text/html', body: PAGE });
    return route.fulfill({
      contentType: 'text/javascript',
      body: await readFile(`public${pathname}`, 'utf8'),
    });
  });
}
