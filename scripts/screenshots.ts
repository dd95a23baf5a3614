// Pictures of every state, in every variant, both themes and many widths, into screenshots/. To be looked at.
import { mkdir } from 'node:fs/promises';
import { launchChromium } from './browsers.ts';
import { hang, openGallery, type Wall } from './gallery.ts';

const OUT = 'screenshots';

const sizes: Omit<Wall, 'language'>[] = [
  ...[1200, 720, 480, 320, 240, 160].map((width) => ({ variant: 'full' as const, width })),
  { variant: 'full', width: 560, isLogOpen: true },
  { variant: 'full', width: 240, isLogOpen: true },
  ...[420, 240, 160].map((width) => ({ variant: 'compact' as const, width })),
  ...[120, 96, 48].map((width) => ({ variant: 'ring' as const, width })),
];

const browser = await launchChromium();
await mkdir(OUT, { recursive: true });
try {
  for (const theme of ['light', 'dark', 'forced'] as const) {
    const page = await openGallery(browser, {
      colorScheme: theme === 'forced' ? 'dark' : theme,
      forcedColors: theme === 'forced' ? 'active' : 'none',
    });
    for (const size of sizes) {
      for (const language of ['ko', 'en'] as const) {
        await hang(page, { ...size, language });
        const { variant, width, isLogOpen } = size;
        const name = `${variant}${isLogOpen ? '-log' : ''}-${width}-${language}-${theme}.png`;
        // Motion runs by the real clock; a tick that is half drawn is no picture of a tick.
        await page.evaluate(async () => {
          const motions = [...document.querySelectorAll('run-progress')].flatMap(
            (element) => element.shadowRoot?.getAnimations() ?? [],
          );
          const finite = motions.filter((motion) => motion.effect?.getTiming().iterations === 1);
          await Promise.all(finite.map((motion) => motion.finished));
        });
        await page.screenshot({ path: `${OUT}/${name}`, fullPage: true });
      }
    }
    await page.close();
    console.log(`${theme}: ${sizes.length * 2} pictures in ${OUT}/`);
  }
} finally {
  await browser.close();
}
