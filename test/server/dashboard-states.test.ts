/** What the pages say where something is amiss, and what keys do, in a real browser. */
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/base/index.js';
import { testSharp } from '../support/pictures.js';
import { drop } from '../support/project.js';
import { executable, sharedBrowser } from './browser.js';
import { openUnderTest } from './dashboard-under-test.js';

/** The machine of a test run is busy. */
const patience = { timeout: 90_000 };
const open = sharedBrowser();
const pages = join(packageRoot, 'dist/server/ui');

describe.skipIf(executable === undefined)('the pages, where something is amiss,', () => {
  it('say what, and what helps: no model, the inbox gone, a pause', async () => {
    const { dashboard, daemon, root } = await openUnderTest({ pages });
    const { page, errors } = await open(dashboard.entrance);
    const zone = page.locator('.drop-zone', { hasText: 'night-to-day/**' });
    await zone.getByText('No model yet').waitFor();
    await page.getByText('Train the pair, or put its model where the manifest says.').waitFor();

    await rename(join(root, 'inbox'), join(root, 'away'));
    await daemon.scan().catch(() => {});
    await page.locator('.lamp-line.lost', { hasText: 'Inbox gone' }).waitFor();
    await page.getByText('Mount or make it again; its files are processed when it is back.').waitFor();
    await rename(join(root, 'away'), join(root, 'inbox'));
    await daemon.scan();
    await page.locator('.lamp-line.live').waitFor();

    await daemon.service.pause('the disk is moved');
    await page.locator('.lamp-line.paused').waitFor();
    await page.getByText('Paused: the disk is moved.').waitFor();
    await page.getByRole('button', { name: 'Resume' }).click();
    await page.locator('.lamp-line.live').waitFor();
    expect(errors).toEqual([]);
  });
});

describe.skipIf(executable === undefined)('keys', () => {
  it('search, move, select, open, go to the neighbours and back, pause and explain themselves', async () => {
    const { dashboard, daemon } = await openUnderTest({ pages }, async root => {
      for (const name of ['one', 'two'])
        await drop(root, `day-to-night/${name}.png`, await testSharp().png().toBuffer());
    });
    await expect.poll(() => daemon.service.jobs.count({}), patience).toEqual({ done: 2 });
    const [newest, oldest] = daemon.service.jobs.page({ limit: 2 }).jobs;
    const { page, errors } = await open(`${dashboard.address}jobs${new URL(dashboard.entrance).hash}`);
    await page.locator('tr[data-id]').first().waitFor();
    const press = (key: string) => page.keyboard.press(key);
    await press('j');
    await press('x');
    await page.getByRole('button', { name: 'Retry 1' }).waitFor();
    await press('Enter');
    await page.waitForURL(`**/jobs/${newest!.id}`);
    await page.getByRole('button', { name: 'Next job' }).and(page.locator(':enabled')).waitFor();
    await press('ArrowRight');
    await page.waitForURL(`**/jobs/${oldest!.id}`);
    await press('Escape');
    await page.waitForURL('**/jobs');
    await press('/');
    await page.keyboard.type('one');
    await page.waitForURL('**/jobs?search=one');
    await press('Escape');
    await press('p');
    await page.locator('.lamp-line.paused').waitFor();
    await press('?');
    await page.getByRole('dialog').getByText('pause or resume').waitFor();
    expect(errors).toEqual([]);
  });
});
