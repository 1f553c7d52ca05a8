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
    const [fresh, again] = [[], []];
    for (let round = 0; round < (quick ? 3 : 9); round++) {
      const context = await browser.newContext();
      const page = await context.newPage();
      for (const list of [fresh, again]) {
        await page.goto(`${address}#token=${token}`);
        await page.locator('.lamp-line.live').waitFor();
        list.push(await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0].startTime));
        await page.goto('about:blank');
      }
      await context.close();
    }
    return [
      ['first paint, new browser, median', `${median(fresh).toFixed(0)} ms`],
      ['first paint, second visit, median', `${median(again).toFixed(0)} ms`],
    ];
  });
}

/** From the change of a job in the journal to the frame that shows it, while fifty change each second. */
function latency() {
  return withBrowser({ jobs: 2000 }, async ({ browser, address, ask }) => {
    const page = await (await browser.newContext()).newPage();
    await page.addInitScript(() => {
      globalThis.delays = [];
      const Real = EventSource;
      globalThis.EventSource = class extends Real {
        constructor(...given) {
          super(...given);
          this.addEventListener('jobs', ({ data }) => {
            const { jobs } = JSON.parse(data);
            requestAnimationFrame(() => {
              for (const { updatedMs } of jobs) globalThis.delays.push(Date.now() - updatedMs);
            });
          });
        }
      };
    });
    await page.goto(`${address}jobs#token=${token}`);
    await page.locator('tr[data-id]').first().waitFor();
    const ids = (await ask('/api/jobs?limit=500&states=cancelled')).jobs.map(({ id }) => id);
    await ask('/api/queue/pause', {});
    const seconds = quick ? 4 : 10;
    const start = performance.now();
    for (let count = 0; count < 50 * seconds; count++) {
      await ask('/api/jobs/actions', { action: 'retry', which: { ids: [ids[count % ids.length]] } });
      await setTimeout(Math.max(0, start + count * 20 - performance.now()));
    }
    const rate = (50 * seconds) / ((performance.now() - start) / 1000);
    await setTimeout(500);
    const delays = await page.evaluate(() => globalThis.delays);
    const late = delays.toSorted((a, b) => a - b)[Math.floor(delays.length * 0.95)];
    return [
      [
        `a job's change until it is drawn, median of ${delays.length} at ${rate.toFixed(0)} a second`,
        `${median(delays)} ms`,
      ],
      ["a job's change until it is drawn, 95 of 100 within", `${late} ms`],
    ];
  });
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
  return withDaemon(options, async daemon => {
    const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
    const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
    try {
      return await work({ ...daemon, browser });
    } finally {
      await browser.close();
    }
  });
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
