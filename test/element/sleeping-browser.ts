// A browser that stands still with all its processes, as on a machine that sleeps: it takes no event, runs no timer, and
// its sockets answer nobody.
import { readFile } from 'node:fs/promises';
import type { TestContext } from 'node:test';
import type { Browser } from 'playwright-core';
import { type BrowserName, launchBrowser } from '../../scripts/browsers.ts';

export interface SleepingBrowser {
  browser: Browser;
  sleep(): void;
  wake(): void;
}

export async function startSleepingBrowser(t: TestContext, name: BrowserName): Promise<SleepingBrowser> {
  const before = await children();
  const browser = await launchBrowser(name);
  // It begins a group of its own, in which all of its processes are.
  const groups = [...(await children())].filter((pid) => !before.has(pid));
  const tell = (signal: NodeJS.Signals) => {
    for (const group of groups) process.kill(-group, signal);
  };
  t.after(async () => {
    tell('SIGCONT');
    await browser.close();
  });
  return { browser, sleep: () => tell('SIGSTOP'), wake: () => tell('SIGCONT') };
}

async function children(): Promise<Set<number>> {
  const text = await readFile(`/proc/self/task/${process.pid}/children`, 'utf8');
  return new Set(text.split(' ').filter(Boolean).map(Number));
}
