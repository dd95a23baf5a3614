// Debian's Chromium and Firefox, started the way the tests and the screenshots need them.
import { type Browser, chromium, firefox } from 'playwright-core';

export type BrowserName = 'chromium' | 'firefox';

/** What a reader has set for all pages. Chromium can also be told for each page; Firefox only at its start. */
export interface Preferences {
  colorScheme?: 'light' | 'dark';
  reducedMotion?: 'reduce' | 'no-preference';
  forcedColors?: 'active' | 'none';
}

/** Each test of the element runs in all of them. `BROWSERS=firefox` names fewer. */
export const browserNames: readonly BrowserName[] = (['chromium', 'firefox'] as const).filter((name) =>
  (process.env.BROWSERS ?? 'chromium,firefox').includes(name),
);

const CHROMIUM_ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** `CHROMIUM` and `FIREFOX` name other programs. */
export function launchBrowser(name: BrowserName, preferences: Preferences = {}): Promise<Browser> {
  return name === 'firefox' ? launchFirefox(preferences) : launchChromium();
}

export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: CHROMIUM_ARGUMENTS,
  });
}

export async function launchFirefox(preferences: Preferences = {}): Promise<Browser> {
  const browser = await firefox.launch({
    // Playwright speaks WebDriver BiDi to the Firefox that Mozilla ships, instead of using one of its own making.
    channel: 'moz-firefox',
    executablePath: process.env.FIREFOX ?? '/usr/bin/firefox-esr',
    firefoxUserPrefs: toFirefoxPrefs(preferences),
  });
  skipMediaFeatures(browser);
  return browser;
}

function toFirefoxPrefs({ colorScheme, reducedMotion, forcedColors }: Preferences) {
  return {
    'layout.css.prefers-color-scheme.content-override': colorScheme === 'dark' ? 0 : 1,
    'ui.prefersReducedMotion': reducedMotion === 'reduce' ? 1 : 0,
    'browser.display.document_color_use': forcedColors === 'active' ? 2 : 1,
    // Nothing is looked up elsewhere.
    'network.captive-portal-service.enabled': false,
    'network.connectivity-service.enabled': false,
    'browser.safebrowsing.downloads.remote.enabled': false,
  };
}

interface Session {
  send(method: string, parameters: unknown): Promise<unknown>;
}

/**
 * Playwright tells each new context and page about media features, with a command that Firefox ESR doesn't know yet,
 * and gives up when it is refused. The command is answered here instead of being sent.
 */
function skipMediaFeatures(browser: Browser): void {
  const { _connection } = browser as unknown as {
    _connection: { toImpl(browser: Browser): { _browserSession: Session } };
  };
  const sessions: Session = Object.getPrototypeOf(_connection.toImpl(browser)._browserSession);
  const { send } = sessions;
  sessions.send = function (method, parameters) {
    if (method === 'emulation.setMediaFeaturesOverride') return Promise.resolve({});
    return send.call(this, method, parameters);
  };
}
