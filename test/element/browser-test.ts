// A test of the element that runs in every browser.
import { after, type TestContext, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { type BrowserName, browserNames, launchBrowser, type Preferences } from '../../scripts/browsers.ts';

/** A file's browsers are started when the first test needs them, and closed after the last. */
const launched = new Map<string, Promise<Browser>>();
after(async () => {
  for (const browser of await Promise.all(launched.values())) await browser.close();
});

/** What only Chromium's own protocol can do to a page. */
export const chromiumTest: typeof browserTest = (title, body) => browserTest(title, body, {}, ['chromium']);

/**
 * Runs `body` once in each browser. With `preferences` it is a browser of its own; in Chromium they also have to be given
 * to the page (`openGallery(browser, preferences)`).
 */
export function browserTest(
  title: string,
  body: (t: TestContext, browser: Browser, name: BrowserName) => Promise<void>,
  preferences: Preferences = {},
  names: readonly BrowserName[] = browserNames,
): void {
  for (const name of names) {
    test(`${title} (${name})`, async (t) => body(t, await browserFor(name, preferences), name));
  }
}

function browserFor(name: BrowserName, preferences: Preferences): Promise<Browser> {
  // One Chromium serves all preferences.
  const key = name === 'chromium' ? name : JSON.stringify(preferences);
  const browser = launched.get(key) ?? launchBrowser(name, preferences);
  launched.set(key, browser);
  return browser;
}
