/**
 * `npm run bench:pages [-- size paint latency scroll] [--quick]`: what the dashboard's pages weigh and how quick they are in the system's
 * Chromium, over real daemons on temporary folders. What they cost the daemon is `bench:dashboard`'s. It reports; it never fails.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { chromium } from 'playwright-core';
import { Sqlite } from '../dist/inbox/index.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const token = 'a-token-of-this-bench';
const authorization = `Bearer ${token}`;
const words = process.argv.slice(2);
const quick = words.includes('--quick');
const wanted = words.filter(word => !word.startsWith('-'));
const median = values => values.toSorted((a, b) => a - b)[values.length >> 1];
const sections = { size, paint, latency, scroll };

for (const [name, measure] of Object.entries(sections))
  if (wanted.length === 0 || wanted.includes(name))
    for (const [what, figure] of await measure()) console.log(`${what.padEnd(64)} ${figure}`);

async function size() {
  const folder = join(root, 'dist/server/ui');
  const names = (await readdir(folder, { recursive: true })).filter(name => /\.(?:html|js|css|svg)$/.test(name));
  const bytes = await Promise.all(
    names.map(async name => gzipSync(await readFile(join(folder, name)), { level: 9 }).length),
  );
  return [['bundle, gzip', `${(bytes.reduce((sum, one) => sum + one, 0) / 1024).toFixed(1)} KB`]];
}

/** First contentful paint, by the browser's own clock: a fresh profile, then with its cache. */
function paint() {
  return withBrowser({}, async ({ browser, address }) => {
    const [fresh, again, whole] = [[], [], []];
    for (let round = 0; round < (quick ? 3 : 9); round++) {
      const context = await browser.newContext();
      const page = await context.newPage();
      await page.addInitScript(noteWhole);
      for (const list of [fresh, again]) {
        await page.goto(`${address}#token=${token}`);
        await page.locator('.lamp-line.live').waitFor();
        whole.push(await page.evaluate(() => globalThis.wholeMs));
        list.push(await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0].startTime));
        await page.goto('about:blank');
      }
      await context.close();
    }
    return [
      ['first paint, new browser, median', `${median(fresh).toFixed(0)} ms`],
      ['first paint, second visit, median', `${median(again).toFixed(0)} ms`],
      ['overview with all its figures, median of both', `${median(whole).toFixed(0)} ms`],
    ];
  });
}

/** Runs in the page: the moment when the daemon's state stands there. */
function noteWhole() {
  new MutationObserver((_, observer) => {
    if (!document.querySelector('.lamp-line.live') || !document.querySelector('.figures')) return;
    observer.disconnect();
    globalThis.wholeMs = performance.now();
  }).observe(document, { childList: true, subtree: true, attributes: true });
}

/**
 * From the change of a job in the journal until the frame that shows it is made, while fifty jobs a second go through a real inbox. Their
 * images are made up (`dashboard-daemon.mjs`), since no model does as many here.
 */
function latency() {
  return withStandIn(50, address =>
    withChromium(async browser => {
      const page = await (await browser.newContext({ viewport: { width: 1360, height: 860 } })).newPage();
      await page.addInitScript(noteDelays);
      await page.goto(`${address}jobs#token=${token}`);
      await page.locator('tr[data-id]').first().waitFor();
      const seconds = quick ? 5 : 20;
      await page.evaluate(() => globalThis.noted.splice(0));
      await setTimeout(seconds * 1000);
      const noted = await page.evaluate(() => globalThis.noted);
      const delays = noted.map(({ delay }) => delay).toSorted((a, b) => a - b);
      const rate = noted.filter(({ state }) => state === 'done').length / seconds;
      return [
        [
          `a job's change until it is drawn, median of ${delays.length}, ${rate.toFixed(0)} jobs a second`,
          `${median(delays)} ms`,
        ],
        ["a job's change until it is drawn, 95 of 100 within", `${delays[Math.floor(delays.length * 0.95)]} ms`],
      ];
    }),
  );
}

/** Runs in the page, before its own scripts. */
function noteDelays() {
  globalThis.noted = [];
  const Real = EventSource;
  globalThis.EventSource = class extends Real {
    constructor(...given) {
      super(...given);
      this.addEventListener('jobs', ({ data }) => {
        const { jobs } = JSON.parse(data);
        const note = () => {
          const now = Date.now();
          for (const { updatedMs, state } of jobs) globalThis.noted.push({ delay: now - updatedMs, state });
        };
        // What comes after a frame's callbacks comes after its drawing.
        requestAnimationFrame(() => globalThis.setTimeout(note));
      });
    }
  };
}

/** Frames while the list moves by half a screen each; the machine draws without a card. */
function scroll() {
  const jobs = 100_000;
  return withBrowser({ jobs }, async ({ browser, address }) => {
    const page = await (await browser.newContext({ viewport: { width: 1360, height: 860 } })).newPage();
    await page.goto(`${address}jobs#token=${token}`);
    await page.locator('tr[data-id]').first().waitFor();
    const frames = await page.evaluate(
      milliseconds =>
        new Promise(resolve => {
          const scroller = document.querySelector('.scroller');
          const times = [];
          const start = performance.now();
          const step = now => {
            times.push(now);
            scroller.scrollTop += 240;
            if (now - start < milliseconds) requestAnimationFrame(step);
            else resolve(times);
          };
          requestAnimationFrame(step);
        }),
      quick ? 2000 : 5000,
    );
    const gaps = frames.slice(1).map((time, at) => time - frames[at]);
    const total = await page.locator('table.jobs').getAttribute('aria-rowcount');
    return [
      [
        `scrolling ${Number(total) - 1} jobs`,
        `${((1000 * gaps.length) / (frames.at(-1) - frames[0])).toFixed(0)} frames a second`,
      ],
      ['longest frame of it', `${Math.max(...gaps).toFixed(0)} ms`],
    ];
  });
}

function withBrowser(options, work) {
  return withDaemon(options, daemon => withChromium(browser => work({ ...daemon, browser })));
}

async function withChromium(work) {
  const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  try {
    return await work(browser);
  } finally {
    await browser.close();
  }
}

/** A daemon whose jobs are made up, so many a second. */
async function withStandIn(perSecond, work) {
  const folder = await mkdtemp(join(tmpdir(), 'cyclebox-bench-'));
  await mkdir(join(folder, 'inbox'));
  const args = [join(root, 'bench/dashboard-daemon.mjs'), folder, String(perSecond), token];
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  try {
    const port = await new Promise(resolve => child.stdout.on('data', text => resolve(/port (\d+)/.exec(text)?.[1])));
    return await work(`http://127.0.0.1:${port}/`);
  } finally {
    child.kill('SIGTERM');
    await ended;
    await rm(folder, { recursive: true, force: true });
  }
}

/** @param options `jobs`: so many stand in its journal, cancelled; their files are not there */
async function withDaemon({ jobs = 0 }, work) {
  const folder = await mkdtemp(join(tmpdir(), 'cyclebox-bench-'));
  await mkdir(join(folder, 'inbox'));
  const routes = [{ match: 'satellite-to-map/**', pair: 'satellite-map', to: 'map' }];
  const config = { dashboard: { port: 0, token }, settleMs: 100, routes };
  await writeFile(join(folder, 'watch-config.json'), JSON.stringify(config));
  if (jobs > 0) {
    await start(folder, async () => {});
    fill(join(folder, '.cyclebox/journal.sqlite'), jobs);
  }
  try {
    return await start(folder, work);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function start(folder, work) {
  const args = [join(root, 'dist/cli/main.js'), 'start'];
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  try {
    await new Promise(resolve => child.stdout.on('data', text => /watching/.test(text) && resolve()));
    const address = await addressOf(folder);
    return await work({ address, ask: asker(address) });
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
}

async function addressOf(folder) {
  for (;;) {
    const text = await readFile(join(folder, '.cyclebox/dashboard.json'), 'utf8').catch(() => undefined);
    if (text !== undefined) return JSON.parse(text).address;
    await setTimeout(50);
  }
}

function asker(address) {
  return async (path, body) => {
    const response = await fetch(new URL(path, address), {
      headers: { authorization, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { method: 'POST', body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
    return response.status === 204 ? undefined : response.json();
  };
}

function fill(file, count) {
  const sqlite = new Sqlite(file);
  const now = Date.now();
  sqlite.run(
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
     INSERT INTO jobs (id, path, identity, translation, version, state, created_ms, updated_ms)
     SELECT printf('00000000-0000-7000-8000-%012d', i), printf('satellite-to-map/tile-%06d.png', i), printf('1:%d:1', i),
       'satellite-map/map', 'bench', 'cancelled', ?, ? + i FROM n`,
    count,
    now - 2 * count,
    now - count,
  );
  sqlite.dispose();
}
