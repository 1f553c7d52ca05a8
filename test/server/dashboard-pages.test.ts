/** The built pages in a real browser, over a real daemon: what a user does, and what the page says of it. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/base/index.js';
import { testSharp } from '../support/pictures.js';
import { cyclebox, dayNight, drop, project, writeConfig } from '../support/project.js';
import { violations } from './axe.js';
import { executable, sharedBrowser } from './browser.js';
import { openUnderTest, token, type UnderTest } from './dashboard-under-test.js';

/** The machine of a test run is busy. */
const patience = { timeout: 90_000 };
const open = sharedBrowser();
const pages = join(packageRoot, 'dist/server/ui');
const png = () => testSharp(64, 48).png().toBuffer();

const started = (watch = dayNight, before?: (root: string) => Promise<void>): Promise<UnderTest> =>
  openUnderTest({ watch, pages }, before);

describe.skipIf(executable === undefined)('the pages', () => {
  it('ask for the token, which goes from the address and is kept by no script', async () => {
    const { dashboard } = await started();
    const { page } = await open(dashboard.address);
    await page.getByRole('heading', { name: 'This dashboard asks for its token' }).waitFor();
    await page.getByLabel('Token, or the whole address').fill(dashboard.entrance);
    await page.getByRole('button', { name: 'Enter' }).click();
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    expect(await page.evaluate('document.cookie + location.href + JSON.stringify(localStorage)')).not.toContain(token);
  });

  it('take an image, show it while it settles and runs, and before and after when it is done', async () => {
    const { dashboard } = await started();
    const { page, errors } = await open(dashboard.entrance);
    const field = page.getByLabel('Images for day to night');
    await field.setInputFiles({ name: 'meadow.png', mimeType: 'image/png', buffer: await png() });
    const sent = page.locator('.sent li', { hasText: 'meadow.png' });
    await sent.getByText('done').waitFor();
    await sent.getByRole('link', { name: 'meadow.png' }).click();

    await page.getByRole('heading', { name: 'meadow.png' }).waitFor();
    const after = page.getByAltText('After: night');
    await after.waitFor();
    expect(await after.evaluate(image => (image as unknown as { naturalWidth: number }).naturalWidth)).toBe(64);
    await page.keyboard.press('2');
    await page.waitForURL(/view=sides/);
    const places = () =>
      page
        .locator('.layer img')
        .evaluateAll(images =>
          images.map(image => (image as unknown as { style: { transform: string } }).style.transform),
        );
    await page.keyboard.press('z');
    await page.keyboard.press('+');
    const [before, beside] = await places();
    expect(before).toMatch(/scale\((?!1\))/);
    expect(beside).toBe(before);
    await page.keyboard.press('4');
    await page.locator('.blend').waitFor();
    expect(errors).toEqual([]);
  });

  it('do all failed jobs of a cause again, after a question that says how many', async () => {
    const { dashboard, daemon } = await started(dayNight, async root => {
      await drop(root, 'day-to-night/one.jpg', 'no image');
      await drop(root, 'day-to-night/two.jpg', 'no image either');
    });
    const { page, errors } = await open(`${dashboard.address}failures${new URL(dashboard.entrance).hash}`);
    await page.getByText('IMAGE_UNSUPPORTED').first().waitFor();
    await page.getByText('2 jobs', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Retry these 2' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Retry 2 jobs' }).click();
    await page.getByText('2 jobs will be done again.').waitFor();
    const attempts = () =>
      daemon.service.jobs
        .page({ states: ['failed'], limit: 9 })
        .jobs.map(row => daemon.service.jobs.history(row.id)!.attempts.length);
    await expect.poll(attempts, patience).toEqual([2, 2]);
    expect(errors).toEqual([]);
  });

  it('say that the daemon is gone and as of when, act no more, and come back with it', async () => {
    const root = await project();
    const port = 20_000 + (process.pid % 20_000);
    await writeConfig(root, { ...dayNight, dashboard: { port, token } });
    const first = cyclebox(root, 'start');
    await first.heard('dashboard');
    const { page } = await open(`http://127.0.0.1:${port}/#token=${token}`);
    await page.locator('.lamp-line.live').waitFor();
    first.child.kill('SIGKILL');
    await page.getByText(/Disconnected, as of \d\d:\d\d/).waitFor();
    expect(await page.getByRole('button', { name: 'Pause' }).isDisabled()).toBe(true);
    await cyclebox(root, 'start').heard('dashboard');
    await page.locator('.lamp-line.live').waitFor();
    expect(await page.getByRole('button', { name: 'Pause' }).isEnabled()).toBe(true);
  });

  it.each(['light', 'dark'] as const)('break no rule of accessibility, in %s', async colours => {
    const { dashboard, root, daemon } = await started(dayNight, async root => {
      await drop(root, 'day-to-night/fine.png', await png());
      await drop(root, 'day-to-night/broken.jpg', 'no image');
    });
    const { page, errors } = await open(dashboard.entrance, { colours });
    await expect.poll(() => daemon.service.jobs.count({}), patience).toEqual({ done: 1, failed: 1 });
    const [job] = daemon.service.jobs.page({ states: ['done'], limit: 1 }).jobs;
    const names = [
      '',
      'jobs',
      `jobs/${job!.id}`,
      'failures',
      'pairs',
      'training',
      'plugins',
      'doctor',
      'config',
      'log',
      'api-reference',
    ];
    const broken: string[] = [];
    for (const name of names) {
      await page.goto(dashboard.address + name);
      await page.locator('.lamp-line.live').waitFor();
      await page.locator('.card, .empty, .scroller, .viewer').first().waitFor();
      broken.push(...(await violations(page)).map(rule => `/${name} ${rule}`));
    }
    expect(broken).toEqual([]);
    expect(errors).toEqual([]);
    await rm(join(root, 'inbox/day-to-night/fine.png'));
    await page.goto(`${dashboard.address}jobs/${job!.id}`);
    await page.getByText('The source was moved or deleted since.').waitFor();
  });
});
