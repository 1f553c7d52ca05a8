/** From one end to the other in a real browser: each a promise that the dashboard makes to whoever looks at it. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/base/index.js';
import { Sqlite } from '../../src/inbox/index.js';
import { testSharp } from '../support/pictures.js';
import { dayNight, drop } from '../support/project.js';
import { violations } from './axe.js';
import { executable, sharedBrowser } from './browser.js';
import { openUnderTest } from './dashboard-under-test.js';

/** The machine of a test run is busy. */
const patience = { timeout: 90_000 };
const open = sharedBrowser();
const pages = join(packageRoot, 'dist/server/ui');
const png = () => testSharp(64, 48).png().toBuffer();

/** What a browser hands to the page with a file that is dragged from the desktop. */
async function dragged(page: Page, name: string, content: Uint8Array) {
  return page.evaluateHandle(`(() => {
    const transfer = new DataTransfer();
    const bytes = new Uint8Array(${JSON.stringify([...content])});
    transfer.items.add(new File([bytes], ${JSON.stringify(name)}, { type: 'image/png' }));
    return transfer;
  })()`);
}

describe.skipIf(executable === undefined)('an image that is dragged onto the pages', () => {
  it('settles, runs and appears, before and after', async () => {
    const { dashboard, root } = await openUnderTest({ pages });
    const { page, errors } = await open(dashboard.entrance);
    const zone = page.locator('.drop-zone', { hasText: 'day-to-night/**' });
    await zone.getByRole('button', { name: 'Choose images' }).waitFor();
    const content = await png();
    const dataTransfer = await dragged(page, 'meadow.png', content);
    await zone.dispatchEvent('dragenter', { dataTransfer });
    await page.locator('.drop-zone.over').waitFor();
    await zone.dispatchEvent('drop', { dataTransfer });
    const sent = page.locator('.sent li', { hasText: 'meadow.png' });
    await sent.getByText('done').waitFor();
    expect(await sent.locator('img').count()).toBe(2);
    expect(await readFile(join(root, 'inbox/day-to-night/meadow.png'))).toEqual(content);
    await page.locator('.latest').getByText('meadow.png').waitFor();
    expect(errors).toEqual([]);
  });

  it('goes to the only route that works from anywhere on them, and never takes the page away', async () => {
    const { dashboard, root } = await openUnderTest({ pages });
    const { page } = await open(`${dashboard.address}failures${new URL(dashboard.entrance).hash}`);
    await page.getByRole('heading', { name: 'Nothing stands as failed' }).waitFor();
    const content = await png();
    const dataTransfer = await dragged(page, 'beside.png', content);
    await page.locator('main').dispatchEvent('drop', { dataTransfer });
    await page.getByText('Sent to day-to-night/**').waitFor();
    const file = join(root, 'inbox/day-to-night/beside.png');
    await expect.poll(() => readFile(file).catch(() => undefined), patience).toEqual(content);
    expect(new URL(page.url()).pathname).toBe('/failures');
  });
});

describe.skipIf(executable === undefined)('an empty queue', () => {
  it('offers the images that come with the package, which are followed as others are', async () => {
    const routes = [{ match: 'pictures/**', pair: 'satellite-map', to: 'map' }];
    const { dashboard, daemon, ask } = await openUnderTest({ pages, watch: { ...dayNight, routes } });
    await daemon.service.pause('the queue is looked at');
    const { page, errors } = await open(dashboard.entrance);
    await page.getByRole('button', { name: 'Try 3 samples' }).click();
    await expect.poll(() => page.locator('.sent .state.queued').count(), patience).toBe(3);
    await page.getByRole('button', { name: 'Try 3 samples' }).waitFor({ state: 'detached' });
    expect(daemon.service.jobs.count({})).toEqual({ queued: 3 });
    const refused = await ask('/api/samples', { method: 'POST', body: { route: '../**' } });
    expect([refused.status, refused.json().error.code]).toEqual([404, 'ROUTE_NOT_FOUND']);
    expect(errors).toEqual([]);
  });
});

describe.skipIf(executable === undefined)('two tabs', () => {
  it('show the same, also after a reload, and one what the other does', async () => {
    const { dashboard, daemon } = await openUnderTest({ pages }, async root => {
      await drop(root, 'day-to-night/fine.png', await png());
      for (const name of ['one', 'two', 'three']) await drop(root, `day-to-night/${name}.jpg`, 'no image');
    });
    await expect.poll(() => daemon.service.jobs.count({}), patience).toEqual({ done: 1, failed: 3 });
    const { page } = await open(dashboard.entrance);
    await page.locator('.lamp-line.live').waitFor();
    await page.goto(`${dashboard.address}jobs?state=failed&search=e.jpg`);
    const other = await page.context().newPage();
    await other.goto(page.url());
    const rows = (one: Page) => one.locator('tr[data-id] .name').allTextContents();
    await expect.poll(async () => (await rows(page)).length, patience).toBe(2);
    await expect.poll(() => rows(other), patience).toEqual(await rows(page));
    await page.reload();
    await expect.poll(() => rows(page), patience).toEqual(await rows(other));

    await daemon.service.pause('two tabs look');
    for (const one of [page, other]) await one.getByText('Paused', { exact: true }).waitFor();
    await other.getByRole('button', { name: 'Retry all' }).click();
    await other.getByRole('dialog').getByRole('button', { name: 'Retry 2 jobs' }).click();
    await page.getByRole('heading', { name: 'No job fits' }).waitFor();
    expect(daemon.service.jobs.count({})).toEqual({ done: 1, failed: 1, queued: 2 });
  });
});

/** Failed jobs as the journal has them, whose files are gone by now. */
function fail(root: string, count: number): void {
  const journal = new Sqlite(join(root, '.cyclebox/journal.sqlite'));
  journal.run(
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
     INSERT INTO jobs (id, path, identity, translation, version, state, code, message, created_ms, updated_ms)
     SELECT printf('00000000-0000-7000-8000-%012d', i), printf('day-to-night/%05d.png', i), printf('1:%d:1', i),
       'day-night/night', 'v', 'failed', CASE WHEN i % 7 = 0 THEN 'OUT_OF_MEMORY' ELSE 'IMAGE_CORRUPT' END, 'it is so', i, i FROM n`,
    count,
  );
  journal.dispose();
}

describe.skipIf(executable === undefined)('seven thousand failures', () => {
  it('are listed to the last, keep the focus, and are done again or forgotten at once', async () => {
    const { dashboard, daemon, root } = await openUnderTest({ pages });
    await daemon.service.pause('the list is looked at');
    fail(root, 7000);
    const { page, errors } = await open(`${dashboard.address}failures${new URL(dashboard.entrance).hash}`);
    await page.getByText('7,000 jobs of 2 causes').waitFor();
    await page.locator('.failure', { hasText: 'IMAGE_CORRUPT' }).getByRole('link', { name: 'Show' }).click();
    await page.getByText('6,000 jobs', { exact: true }).waitFor();
    const scroller = page.locator('.scroller');
    await page.getByLabel('Select day-to-night/06999.png').focus();
    await scroller.evaluate(element => element.scrollTo(0, element.scrollHeight));
    await page.locator('tr[aria-rowindex="6001"]').waitFor();
    expect(await page.locator('tr[data-id]').count()).toBeLessThan(60);
    expect(await page.evaluate('document.activeElement.getAttribute("aria-label")')).toContain('06999.png');
    expect(await violations(page)).toEqual([]);

    await page.getByRole('button', { name: 'Retry all' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Retry 6,000 jobs' }).click();
    await page.getByText('6,000 jobs will be done again.').waitFor();
    expect(daemon.service.jobs.count({})).toEqual({ queued: 6000, failed: 1000 });
    await page.getByText('More', { exact: true }).click();
    await page.getByRole('button', { name: 'Forget jobs whose files are gone' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Forget them' }).click();
    await page.getByText('1,000 jobs forgotten.').waitFor();
    expect(daemon.service.jobs.count({})).toEqual({ queued: 6000 });
    expect(errors).toEqual([]);
  });
});

async function twoFolders(root: string): Promise<void> {
  for (const name of ['cats', 'dogs']) {
    await mkdir(join(root, 'images', name), { recursive: true });
    for (const number of [1, 2, 3]) await writeFile(join(root, 'images', name, `${number}.png`), await png());
  }
}

describe.skipIf(executable === undefined)('a training that is started from the pages', () => {
  it('is watched live, exported while it runs, used in a route, and stopped', async () => {
    const watch = { ...dayNight, trainings: { images: 'images' } };
    const { dashboard, root, daemon } = await openUnderTest({ pages, watch }, twoFolders);
    const { page, errors } = await open(`${dashboard.address}training${new URL(dashboard.entrance).hash}`);
    page.setDefaultTimeout(60_000);
    await page.getByRole('button', { name: 'New training' }).click();
    await page.getByLabel('First domain').selectOption('cats');
    await page.getByLabel('Second domain').selectOption('dogs');
    await page.getByLabel('Steps', { exact: true }).fill('100000');
    await page.getByLabel('Size in pixels').fill('32');
    await page.getByText('More options').click();
    for (const [label, value] of [
      ['Width of the networks', '2'],
      ['Residual blocks', '1'],
      ['Samples every so many steps', '10'],
    ] as const)
      await page.getByLabel(label).fill(value);
    await page.getByLabel('Everything else on the machine goes first').uncheck();
    await page.getByRole('button', { name: 'Start' }).click();
    await page.locator('.state.training').waitFor();
    await page.getByText(/^step [1-9]\d* of 100000/).waitFor();
    await page.locator('.chart canvas').first().waitFor();
    await page.locator('.sheet img').first().waitFor();
    await page.getByLabel('Step of all samples').press('Home');
    await page.waitForURL(/step=\d+/);
    expect(await violations(page)).toEqual([]);

    await page.getByRole('button', { name: 'Export' }).click();
    await page.getByRole('heading', { name: 'Use cats-dogs' }).waitFor();
    await page.getByRole('button', { name: 'Add this route' }).click();
    await expect.poll(() => readFile(join(root, 'watch-config.json'), 'utf8'), patience).toContain('cats-to-dogs/**');
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Stop it' }).click();
    await page.locator('.state.stopped').waitFor();
    await page.getByRole('button', { name: 'Resume' }).waitFor();

    await drop(root, 'cats-to-dogs/tom.png', await png());
    await expect.poll(() => daemon.service.jobs.count({}), patience).toEqual({ done: 1 });
    expect(errors).toEqual([]);
  }, 180_000);
});
