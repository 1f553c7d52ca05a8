/**
 * `npm run screenshots [-- --out FOLDER] [--phone]`: pictures of every page of the dashboard, light and dark, into docs/images/; with
 * `--phone` as wide as a phone. They show a real daemon: the samples translated by the pairs that have models, two files that are no
 * images, and a small training, in a folder that goes afterwards.
 *
 * Needs a Chromium (`CHROMIUM` names another than the system's). What a page shows of the machine it ran on is its name for folders: the
 * package's own is shortened.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import sharp from 'sharp';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values: given } = parseArgs({ options: { out: { type: 'string' }, phone: { type: 'boolean' } } });
const out = given.out ?? join(root, 'docs/images');
const token = 'a-token-for-pictures';
const size = given.phone ? { width: 390, height: 844 } : { width: 1360, height: 860 };
const names = ['satellite-to-map', 'map-to-satellite', 'photo-to-monet', 'horse-to-zebra'];
const pairs = ['satellite-map', 'satellite-map', 'photo-monet', 'horse-zebra'];
const routes = names.map((name, at) => ({ match: `${name}/**`, pair: pairs[at], to: name.split('-to-')[1] }));

const folder = await mkdtemp(join(tmpdir(), 'cyclebox-'));
const child = await startDaemon();
const ended = once(child, 'close');
try {
  const address = await addressOf();
  const ask = asker(address);
  await fill();
  await train(ask);
  await settled(ask);
  const browser = await chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox'],
  });
  for (const colours of ['light', 'dark']) await takePictures(browser, address, ask, colours);
  await browser.close();
} finally {
  child.kill('SIGTERM');
  await ended;
  await rm(folder, { recursive: true, force: true });
}

async function startDaemon() {
  const config = {
    dashboard: { port: 0, token },
    trainings: { images: 'images' },
    settleMs: 100,
    routes,
  };
  await writeFile(join(folder, 'watch-config.json'), JSON.stringify(config, null, 2));
  const args = [join(root, 'dist/cli/main.js'), 'start'];
  return spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
}

async function addressOf() {
  for (;;) {
    const text = await readFile(join(folder, '.cyclebox/dashboard.json'), 'utf8').catch(() => undefined);
    if (text !== undefined) return JSON.parse(text).address;
    await setTimeout(100);
  }
}

function asker(address) {
  return async (path, body) => {
    const response = await fetch(new URL(path, address), {
      headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { method: 'POST', body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
    return response.status === 204 ? undefined : response.json();
  };
}

async function fill() {
  for (const name of names) {
    await cp(join(root, 'samples', name), join(folder, 'inbox', name), { recursive: true });
    if (name.includes('map'))
      await cp(join(root, 'samples', name), join(folder, 'images', name.split('-to-')[0]), { recursive: true });
  }
  await writeFile(join(folder, 'inbox/satellite-to-map/notes.jpg'), 'These are notes, not an image.');
  await writeFile(
    join(folder, 'inbox/map-to-satellite/half.png'),
    (await readFile(join(root, 'samples/map-to-satellite/himalaya.png'))).subarray(0, 4000),
  );
}

async function train(ask) {
  const options = {
    size: 64,
    width: 8,
    blocks: 2,
    steps: 80,
    sampleEvery: 20,
    checkpointEvery: 0,
    evaluateEvery: 0,
    background: false,
    threads: 1,
  };
  await ask('/api/trainings', { id: 'satellite-map-small', pair: 'satellite-map', a: 'satellite', b: 'map', options });
}

/** Until nothing waits, and the training has ended. */
async function settled(ask) {
  for (;;) {
    const { states } = await ask('/api/jobs/counts');
    const { runs } = await ask('/api/trainings');
    const isBusy = (states.queued ?? 0) + (states.running ?? 0) + (states.publishing ?? 0) > 0;
    if (!isBusy && (states.done ?? 0) > 0 && runs.every(({ state }) => state === 'finished' || state === 'failed'))
      return;
    await setTimeout(500);
  }
}

async function takePictures(browser, address, ask, colours) {
  await mkdir(out, { recursive: true });
  const context = await browser.newContext({ viewport: size, colorScheme: colours, reducedMotion: 'reduce' });
  const page = await context.newPage();
  await page.goto(`${address}#token=${token}`);
  await page.locator('.lamp-line.live').waitFor();
  const { jobs } = await ask('/api/jobs?states=done&search=dandelions');
  const job = `jobs/${jobs[0].id}`;
  const addresses = {
    ...{ overview: '', jobs: 'jobs', job, sides: `${job}?view=sides`, difference: `${job}?view=difference` },
    ...{ failures: 'failures', pairs: 'pairs', training: 'training', run: 'training/satellite-map-small' },
    ...{ plugins: 'plugins', doctor: 'doctor', configuration: 'config', log: 'log', api: 'api-reference' },
  };
  for (const [name, path] of Object.entries(addresses)) {
    await page.goto(address + path);
    if (name === 'doctor') await page.getByRole('button', { name: 'Look now' }).click();
    await page.locator('.card, .empty, .scroller, .viewer').first().waitFor();
    if (name === 'doctor') await page.getByText('All that was found').waitFor({ timeout: 120_000 });
    await page.waitForLoadState('load');
    // Charts are drawn, and pictures begin to come, after the page.
    await setTimeout(1500);
    await page.waitForFunction(arePicturesThere);
    await page.evaluate(shorten, [root.replace(/\/$/, ''), '/opt/cyclebox']);
    const picture = await page.screenshot();
    const file = join(out, `dashboard-${name}-${colours}.png`);
    await sharp(picture).png({ palette: true, quality: 90, effort: 8 }).toFile(file);
    console.log(file);
  }
  await context.close();
}

/** Runs in the page: those in sight. */
function arePicturesThere() {
  const isSeen = ({ top, bottom }) => bottom > 0 && top < innerHeight;
  return [...document.images].every(image => image.complete || !isSeen(image.getBoundingClientRect()));
}

/** Runs in the page. */
function shorten([long, short]) {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode())
    if (node.data.includes(long)) node.data = node.data.replaceAll(long, short);
}
