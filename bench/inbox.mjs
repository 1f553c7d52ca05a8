/**
 * `npm run bench:inbox [-- latency throughput backlog] [--quick]`: how late an output is, what the daemon costs beside
 * its worker, and how a large backlog is taken in; each beside what this machine does at its barest in the same run.
 * Real processes on temporary folders, a model of the usual size with random weights. It reports; it never fails.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, ftruncateSync, openSync, watch, writeFileSync } from 'node:fs';
import { link, mkdir, mkdtemp, open, opendir, readFile, rename, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import sharp from 'sharp';
import { Random, sha256File } from '../dist/base/index.js';
import { Sqlite } from '../dist/inbox/index.js';
import { initialise } from '../dist/nets/index.js';
import { encodeGenerator } from '../dist/training/generator-model.js';
import { ComputeWorker } from '../dist/worker/index.js';

const cli = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const settleMs = 100;

/** @typedef {{ readonly what: string, readonly figure: number, readonly unit: string, readonly remark: string }} Row */

/**
 * @param {{ quick?: boolean, sections?: readonly string[] }} [options]
 * @returns {Promise<Row[]>}
 */
export async function inboxRows({ quick = false, sections = ['latency', 'throughput', 'backlog'] } = {}) {
  const rows = [];
  if (sections.includes('latency')) rows.push(...(await latencyRows(quick ? 15 : 60)));
  if (sections.includes('throughput')) rows.push(...(await throughputRows(quick ? 20 : 60)));
  if (sections.includes('backlog')) rows.push(...(await backlogRows(quick ? 10_000 : 100_000)));
  return rows;
}

/** @returns {Row} */
const row = (what, figure, unit, remark = '') => ({ what, figure, unit, remark });
const quantile = (values, q) => values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * q)];
const median = values => quantile(values, 0.5);

const manifest = {
  name: 'bench',
  version: '1.0.0',
  engines: { cyclebox: '^1.0.0' },
  contributes: { domainPairs: [{ id: 'bench', domains: ['a', 'b'], models: { b: { path: 'bench.onnx' } } }] },
};

/** A project folder with everything but images, and its model's path. */
async function project(config = {}) {
  const root = await mkdtemp(join(tmpdir(), 'cyclebox-bench-'));
  for (const folder of ['plugins/bench', 'inbox', 'outbox', 'elsewhere'])
    await mkdir(join(root, folder), { recursive: true });
  await writeFile(join(root, 'plugins/bench/bench.onnx'), generator());
  await writeFile(join(root, 'plugins/bench/package.json'), JSON.stringify(manifest));
  const routes = [{ match: '**', pair: 'bench', to: 'b' }];
  await writeFile(
    join(root, 'watch-config.json'),
    JSON.stringify({ plugins: ['plugins'], settleMs, routes, ...config }),
  );
  return root;
}

const modelIn = root => join(root, 'plugins/bench/bench.onnx');

/** As a training of 128² images begins with. */
function generator() {
  const size = { blocks: 6, width: 32, inputChannels: 3, outputChannels: 3 };
  const spec = /** @type {const} */ ({ kind: 'resnet', ...size, dropout: false });
  const weights = Object.fromEntries(
    Object.entries(initialise(spec, new Random(1))).map(([key, data]) => [key, { shape: [data.length], data }]),
  );
  return encodeGenerator({ spec, weights, pair: 'bench', from: 'a', to: 'b', training: {} });
}

/** A running daemon; `onRecord` hears each line of its log. */
async function daemon(root, onRecord = () => {}, ...args) {
  const child = spawn(process.execPath, [cli, 'start', ...args], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  let text = '';
  const armed = new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', entry => {
      text += `${entry}\n`;
      const record = JSON.parse(entry);
      if (/^(watching|working)/.test(record.msg)) resolve();
      onRecord(record);
    });
    ended.then(() => reject(new Error(`the daemon ended:\n${text}`)));
  });
  await armed;
  const stop = async (signal = 'SIGTERM') => {
    child.kill(signal);
    await ended;
  };
  return { pid: child.pid, ended, stop };
}

const picture = index =>
  sharp({ create: { width: 256, height: 256, channels: 3, background: { r: index & 255, g: index >> 8, b: 90 } } })
    .jpeg()
    .toBuffer();

/** From the rename into the inbox to the moment at which a watcher of the outbox finds the file. */
async function latencyRows(count) {
  const root = await project();
  const appeared = new Map();
  const watcher = watch(join(root, 'outbox'), (_event, name) => {
    if (!name.startsWith('.') && !appeared.has(name)) appeared.set(name, performance.now());
  });
  const waiting = new Map();
  const running = await daemon(root, record => {
    if (record.output === undefined) return;
    waiting.get(record.path)?.();
  });
  const whole = [];
  for (let index = 0; index < count; index++) {
    const name = `${index}.jpg`;
    await writeFile(join(root, 'elsewhere', name), await picture(index));
    const done = new Promise(resolve => waiting.set(name, resolve));
    const startMs = performance.now();
    await rename(join(root, 'elsewhere', name), join(root, 'inbox', name));
    await done;
    if (index < 3) continue; // The worker starts and loads its model.
    whole.push(appeared.get(name) - startMs);
  }
  await running.stop();
  watcher.close();
  const names = Array.from({ length: count }, (_, index) => `${index}.jpg`);
  const inferenceMs = median((await bareLoop(root, names)).slice(3).map(({ report }) => report.translateMs));
  const bare = await barePublish(root);
  await rm(root, { recursive: true });
  return [
    row('rename into inbox to output visible, median', median(whole), 'ms', `settle time of ${settleMs} ms included`),
    row('… beyond settle time and inference, median', median(whole) - settleMs - inferenceMs, 'ms', 'goal ≤ 100'),
    row('… beyond settle time and inference, 95 %', quantile(whole, 0.95) - settleMs - inferenceMs, 'ms'),
    row('machine: inference in a bare loop, median', inferenceMs, 'ms'),
    row('machine: write, flush, link, flush folder, median', bare, 'ms'),
  ];
}

async function barePublish(root) {
  const times = [];
  const bytes = await picture(1);
  for (let index = 0; index < 40; index++) {
    const startMs = performance.now();
    const temporary = join(root, 'elsewhere/t');
    const file = await open(temporary, 'w');
    await file.writeFile(bytes);
    await file.sync();
    await file.close();
    await link(temporary, join(root, `elsewhere/bare-${index}`));
    await unlink(temporary);
    const folder = await open(join(root, 'elsewhere'), 'r');
    await folder.sync();
    await folder.close();
    times.push(performance.now() - startMs);
  }
  return quantile(times, 0.5);
}

/** The daemon and a bare loop over its worker, on the same images; from the first output to the last. */
async function throughputRows(count) {
  const root = await project();
  const names = Array.from({ length: count }, (_, index) => `${index}.jpg`);
  for (const [index, name] of names.entries()) await writeFile(join(root, 'inbox', name), await picture(index));
  const before = rate((await bareLoop(root, names)).map(({ endMs }) => endMs));
  const times = [];
  const running = await daemon(root, record => record.output !== undefined && times.push(performance.now()), '--once');
  await running.ended;
  const after = rate((await bareLoop(root, names)).map(({ endMs }) => endMs));
  await rm(root, { recursive: true });
  const bare = (before + after) / 2;
  return [
    row('daemon, 256² images', rate(times), 'images/s', `${times.length} images`),
    row(
      'machine: its worker in a bare loop',
      bare,
      'images/s',
      `${before.toPrecision(3)} before, ${after.toPrecision(3)} after`,
    ),
    row('daemon as a share of the bare loop', (100 * rate(times)) / bare, '%', 'goal ≥ 95'),
  ];
}

/** Images a second, once the model is loaded. */
const rate = times => ((times.length - 3) * 1000) / (times.at(-1) - times[2]);

async function bareLoop(root, names) {
  const worker = new ComputeWorker();
  const model = { path: modelIn(root), sha256: await sha256File(modelIn(root)) };
  const runs = [];
  for (const name of names) {
    const temporary = join(root, 'elsewhere', name);
    const report = await worker.run({ job: name, source: join(root, 'inbox', name), temporary, model });
    runs.push({ report, endMs: performance.now() });
    await rm(temporary);
  }
  await worker.dispose();
  return runs;
}

/** From the start of the daemon until the journal has every file; all are sparse, most are no images. */
async function backlogRows(count) {
  const root = await project({ decodeGraceMs: 0 });
  await fill(join(root, 'inbox'), count);
  const scanMs = await bareScan(join(root, 'inbox'));
  const startMs = performance.now();
  let running;
  let servingMs;
  const firstMs = new Promise(resolve => {
    running = daemon(root, ({ path, output }) => {
      if (path !== undefined) servingMs ??= performance.now() - startMs;
      if (output !== undefined) resolve(performance.now() - startMs);
    });
    running.catch(() => {});
  });
  const allMs = (await whenTakenIn(root, count)) - startMs;
  const { pid, stop } = await running;
  const { peak, now } = await memory(pid);
  const first = await firstMs;
  await stop('SIGKILL');
  const insertMs = await bareInserts(root, count);
  await rm(root, { recursive: true });
  return [
    row(`${count} files until all are in the journal`, allMs / 1000, 's', 'goal ≤ 10 for 100 000'),
    row('… first file that is done with', servingMs / 1000, 's', 'start of the daemon included'),
    row('… first output, one file in a hundred being an image', first / 1000, 's', 'start of the daemon included'),
    row('… memory of the daemon, peak', peak, 'MB', `goal ≤ 300; ${now.toFixed(0)} at the end`),
    row("machine: reading the folder and each file's facts", scanMs / 1000, 's'),
    row('machine: as many rows into a table, 64 at a time', insertMs / 1000, 's'),
  ];
}

/** Sparse files, most of which only call themselves images, and a picture in every hundred. */
async function fill(folder, count) {
  const image = await picture(1);
  for (let index = 0; index < count; index++) {
    const name = join(folder, `${index}.${index % 10 === 3 ? 'txt' : 'png'}`);
    if (index % 100 === 0) writeFileSync(name, image);
    else {
      const file = openSync(name, 'w');
      ftruncateSync(file, 1000 + index);
      closeSync(file);
    }
  }
}

/** The journal is the only one who knows; it is asked ten times a second. */
async function whenTakenIn(root, count) {
  const file = join(root, '.cyclebox/journal.sqlite');
  let journal;
  for (let found = 0; found < count; ) {
    await new Promise(resolve => setTimeout(resolve, 100));
    if (existsSync(file)) journal ??= new Sqlite(file);
    // The table may not have been made yet.
    const isThere = journal?.get("SELECT 1 FROM sqlite_master WHERE name = 'jobs'");
    if (isThere) found = Number(journal.get('SELECT count(*) AS n FROM jobs').n);
  }
  journal?.dispose();
  return performance.now();
}

async function bareScan(folder) {
  const startMs = performance.now();
  let batch = [];
  for await (const entry of await opendir(folder, { bufferSize: 512 })) {
    batch.push(stat(join(folder, entry.name)));
    if (batch.length < 512) continue;
    await Promise.all(batch);
    batch = [];
  }
  await Promise.all(batch);
  return performance.now() - startMs;
}

async function bareInserts(root, count) {
  const sqlite = new Sqlite(join(root, 'bare.sqlite'));
  sqlite.get('PRAGMA journal_mode = WAL');
  sqlite.exec('PRAGMA synchronous = FULL');
  sqlite.exec('CREATE TABLE t (id TEXT UNIQUE, path TEXT, identity TEXT, UNIQUE (path, identity))');
  const startMs = performance.now();
  for (let from = 0; from < count; from += 64) {
    sqlite.transaction(() => {
      for (let i = from; i < Math.min(count, from + 64); i++) {
        sqlite.run('INSERT INTO t VALUES (?, ?, ?)', `job-${i}`, `inbox/${i}.png`, `${i}:${i}:${i}`);
      }
    });
  }
  const tookMs = performance.now() - startMs;
  sqlite.dispose();
  return tookMs;
}

/** Megabytes: the most so far, and now (Linux). */
async function memory(pid) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const of = name => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1] ?? Number.NaN) / 1024;
  return { peak: of('VmHWM'), now: of('VmRSS') };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const sections = process.argv.slice(2).filter(argument => !argument.startsWith('-'));
  console.log(`${cpus()[0]?.model.trim()}, ${cpus().length} threads, Node ${process.version}`);
  const rows = await inboxRows({ quick: process.argv.includes('--quick'), ...(sections.length > 0 && { sections }) });
  console.table(rows.map(({ figure, ...rest }) => ({ ...rest, figure: Number(figure.toPrecision(3)) })));
}
