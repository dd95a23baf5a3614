// Pictures of every state, in every variant, both browsers, all themes, many widths and kinds of pages, into screenshots/.
// To be looked at. With words, only what has them in its name: npm run screenshots -- firefox-dark
import { mkdir } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { browserNames, launchBrowser, type Preferences } from './browsers.ts';
import { hang, openGallery, type Wall } from './gallery.ts';

const OUT = 'screenshots';
const wanted = process.argv.slice(2);

type Size = Omit<Wall, 'language'>;

const sizes: Size[] = [
  ...[1200, 720, 480, 320, 240, 160].map((width) => ({ variant: 'full' as const, width })),
  { variant: 'full', width: 560, isLogOpen: true },
  { variant: 'full', width: 240, isLogOpen: true },
  ...[420, 240, 160].map((width) => ({ variant: 'compact' as const, width })),
  ...[120, 96, 48].map((width) => ({ variant: 'ring' as const, width })),
];
const aroundSizes: Size[] = [
  { variant: 'full', width: 900 },
  { variant: 'full', width: 480, isLogOpen: true },
  { variant: 'compact', width: 320 },
  { variant: 'ring', width: 96 },
];
const walls: Size[] = [
  ...sizes,
  ...(['rtl', 'dark-by-class', 'resets', 'large-text', 'own-stages'] as const).flatMap((around) =>
    aroundSizes.map((size) => ({ ...size, around })),
  ),
];

const themes: Record<string, Preferences> = {
  light: { colorScheme: 'light' },
  dark: { colorScheme: 'dark' },
  forced: { colorScheme: 'dark', forcedColors: 'active' },
};

await mkdir(OUT, { recursive: true });
for (const name of browserNames) {
  for (const [theme, preferences] of Object.entries(themes)) {
    const pictures = picturesOf(`${name}-${theme}`, theme === 'light' ? walls : sizes);
    if (pictures.length === 0) continue;
    const browser = await launchBrowser(name, preferences);
    try {
      const page = await openGallery(browser, preferences);
      for (const { wall, file } of pictures) {
        await hang(page, wall);
        await motionsEnded(page);
        await page.screenshot({ path: `${OUT}/${file}.png`, fullPage: true });
        // Only Chromium prints without a printer. As printers are set: without backgrounds, unless a page insists.
        if (name === 'chromium' && theme === 'light' && wall.width === 560)
          await page.pdf({ path: `${OUT}/${file}-print.pdf` });
      }
    } finally {
      await browser.close();
    }
    console.log(`${name}, ${theme}: ${pictures.length} pictures in ${OUT}/`);
  }
}

function picturesOf(prefix: string, walls: readonly Size[]): { wall: Wall; file: string }[] {
  return walls
    .flatMap((size) => (['ko', 'en'] as const).map((language) => ({ ...size, language })))
    .map((wall) => ({ wall, file: fileName(prefix, wall) }))
    .filter(({ file }) => wanted.length === 0 || wanted.some((word) => file.includes(word)));
}

function fileName(prefix: string, { variant, width, language, isLogOpen, around }: Wall): string {
  return [prefix, around, variant, isLogOpen && 'log', width, language].filter(Boolean).join('-');
}

/** Motion runs by the real clock; a tick that is half drawn is no picture of a tick. */
async function motionsEnded(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const motions = [...document.querySelectorAll('run-progress')].flatMap(
      (element) => element.shadowRoot?.getAnimations() ?? [],
    );
    const finite = motions.filter((motion) => motion.effect?.getTiming().iterations === 1);
    await Promise.all(finite.map((motion) => motion.finished));
  });
}
