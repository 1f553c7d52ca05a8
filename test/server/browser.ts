/**
 * The system's Chromium for tests of the pages; none is downloaded. Without one those tests are skipped and say so; with
 * `CYCLEBOX_REQUIRE=chromium` in the environment they fail. `CHROMIUM` names another one.
 */
import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, onTestFinished } from 'vitest';

const places = [
  process.env['CHROMIUM'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

export const executable = places.find(path => path !== undefined && existsSync(path));

if (executable === undefined) {
  const why = `no Chromium is at ${places.filter(Boolean).join(', ')}`;
  if ((process.env['CYCLEBOX_REQUIRE'] ?? '').split(',').includes('chromium')) throw new Error(why);
  console.warn(`Tests in a browser are skipped: ${why}.`);
}

export interface Opened {
  readonly page: Page;
  /** What the page has written as errors, and what it did not catch. */
  readonly errors: readonly string[];
}

/** One browser for all tests of a file. */
export function sharedBrowser(): (address: string, options?: OpenOptions) => Promise<Opened> {
  let browser: Browser | undefined;
  beforeAll(async () => {
    // In containers there is no user namespace for its sandbox; the pages are our own.
    if (executable !== undefined)
      browser = await chromium.launch({
        executablePath: executable,
        args: ['--no-sandbox', '--disable-dev-shm-usage'],
      });
  });
  afterAll(() => browser?.close());
  return async (address, { colours = 'light' } = {}) => {
    if (!browser) throw new Error('no browser');
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, colorScheme: colours });
    onTestFinished(() => context.close());
    const page = await context.newPage();
    const errors: string[] = [];
    page.on('pageerror', error => errors.push(error.message));
    page.on('console', message => {
      // A picture that is gone is said by the page in its place; browsers write it down as well.
      if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) errors.push(message.text());
    });
    await page.goto(address);
    return { page, errors };
  };
}

export interface OpenOptions {
  readonly colours?: 'light' | 'dark';
}
