// The element in a real page, as a test sees it: what it shows, and which events it fired.
import type { Page } from 'playwright-core';

export interface Seen {
  title: string;
  percent: string;
  state: string | null;
  progress: number | null;
  logs: string[];
  lines: string[];
  phase: string;
  transport: string;
}

/** Notes every event of the element from now on, by name. Before the page's first load. */
export async function noteEvents(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const noted: string[] = [];
    Object.assign(globalThis, { noted });
    for (const name of ['run-progress', 'run-complete', 'run-failed'] as const) {
      addEventListener(name, () => noted.push(name));
    }
  });
}

export async function notedEvents(page: Page): Promise<string[]> {
  return page.evaluate(() => (globalThis as unknown as { noted: string[] }).noted);
}

/** What the n-th element of the page shows. */
export async function see(page: Page, index = 0): Promise<Seen> {
  return page.evaluate(async (index) => {
    const element = document.querySelectorAll('run-progress')[index];
    const root = element?.shadowRoot;
    if (!element || !root) throw new Error('no element');
    // It renders a few times a second at most: what it holds may not be shown yet.
    await element.updateComplete;
    return {
      title: root.querySelector('.title')?.textContent ?? '',
      percent: root.querySelector('.percent')?.textContent ?? '',
      state: element.state,
      progress: element.progress,
      logs: element.logs,
      lines: [...root.querySelectorAll('.line > span')].map((line) => line.textContent?.trim() ?? ''),
      phase: element.connection.phase,
      transport: element.connection.transport,
    };
  }, index);
}

/** Waits until the n-th element has these values. */
export async function waitFor(
  page: Page,
  wanted: { logs?: number; last?: string; title?: string; phase?: string; transport?: string },
  index = 0,
  timeout = 60_000,
): Promise<void> {
  await page.waitForFunction(
    ([wanted, index]) => {
      const element = document.querySelectorAll('run-progress')[index as number];
      if (!element?.shadowRoot) return false;
      const { logs, last, title, phase, transport } = wanted as Record<string, unknown>;
      const shown = element.shadowRoot.querySelector('.title')?.textContent ?? '';
      return (
        (logs === undefined || element.logs.length === logs) &&
        (last === undefined || element.logs.at(-1) === last) &&
        (title === undefined || shown.includes(String(title))) &&
        (phase === undefined || element.connection?.phase === phase) &&
        (transport === undefined || element.connection?.transport === transport)
      );
    },
    [wanted, index] as const,
    { timeout, polling: 50 },
  );
}

/** Notes from now on what a reader must never see of the first element: a blank, or less than before. */
export async function noteSetbacks(page: Page): Promise<void> {
  await page.evaluate(() => {
    const setbacks: string[] = [];
    Object.assign(globalThis, { setbacks });
    const element = document.querySelector('run-progress');
    const root = element?.shadowRoot;
    if (!element || !root) throw new Error('no element');
    let before = [0, 0, 0];
    // Hears of every change of what is shown, also of one that no frame has painted.
    new MutationObserver(() => {
      const title = root.querySelector('.title')?.textContent ?? '';
      const percent = root.querySelector('.percent')?.textContent ?? '';
      const now = [Number.parseInt(percent, 10), element.progress ?? 0, element.logs.length];
      if (title.trim() === '' || now.some((value, index) => !(value >= (before[index] ?? 0))))
        setbacks.push(`${before} became ${now}, "${title}", "${percent}"`);
      before = now;
    }).observe(root, { subtree: true, childList: true, characterData: true, attributes: true });
  });
}

export async function notedSetbacks(page: Page): Promise<string[]> {
  return page.evaluate(() => (globalThis as unknown as { setbacks: string[] }).setbacks);
}

/**
 * Tells the page that nobody looks at it, or that somebody does again. The automated browsers call all of their pages
 * visible, so what the page reads is replaced, and the event that goes with it is fired.
 */
export async function setHidden(page: Page, isHidden: boolean): Promise<void> {
  await page.evaluate((isHidden) => {
    Object.defineProperty(document, 'hidden', { configurable: true, value: isHidden });
    document.dispatchEvent(new Event('visibilitychange'));
  }, isHidden);
}
