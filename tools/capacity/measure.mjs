/**
 * Measures what docs/scale.md calculates with, on the machine that it runs on: decoding and encoding (CPU time of all threads, medians), what
 * results weigh beside their images, flushes of the disk for a job of the whole inbox (counted by strace), and how long one takes here.
 * `npm run build`, then `node tools/capacity/measure.mjs [codecs outputs flushes]`. It reports; it never fails.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openInbox, sleeper } from '../../bench/queue-parts.mjs';
import { decodeImage, encodeImage } from '../../dist/image/index.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const median = values => values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)];

const sections = { codecs, outputs, flushes };
if (process.argv[2] === '--inbox') await workThrough(process.argv[3], Number(process.argv[4]));
else {
  const named = process.argv.slice(2).filter(name => name in sections);
  for (const name of named.length > 0 ? named : Object.keys(sections))
    for (const line of await sections[name]()) console.log(`${name.padEnd(8)} ${line}`);
}

/** CPU milliseconds, user and system, of all threads: what else the machine does makes it longer by little. */
async function cpuMs(work, times) {
  const taken = [];
  for (let index = 0; index < times; index++) {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    taken.push((user + system) / 1000);
  }
  return median(taken);
}

/** A photograph that comes along, at 256² and laid side by side to 12 megapixels, as JPEG and as PNG. */
async function codecs() {
  const { default: sharp } = await import('sharp');
  const photograph = join(root, 'samples/satellite-to-map/sri-lanka.jpg');
  const lines = [];
  for (const [what, width, height, times] of [
    ['256²', 256, 256, 41],
    ['12 MP', 4000, 3000, 5],
  ]) {
    // Laid side by side, so that a large one has as much detail as a small one.
    const pixels = sharp({ create: { width, height, channels: 3, background: 'black' } }).composite([
      { input: photograph, tile: true },
    ]);
    for (const format of ['jpeg', 'png']) {
      const bytes = await pixels.clone().toFormat(format).toBuffer();
      const picture = await decodeImage(bytes);
      const encoded = await encodeImage(picture, { format });
      const decodeMs = await cpuMs(() => decodeImage(bytes), times);
      const encodeMs = await cpuMs(() => encodeImage(picture, { format }), times);
      lines.push(
        `${what} ${format}: decoded in ${decodeMs.toFixed(2)} ms of CPU (${kb(bytes.length)}), encoded in ${encodeMs.toFixed(2)} (${kb(encoded.length)})`,
      );
    }
  }
  return lines;
}

function kb(bytes) {
  return `${(bytes / 1000).toFixed(1)} kB`;
}

/** The samples through the models that come along, as they are. */
async function outputs() {
  const pairs = { 'satellite-to-map': ['satellite-map', 'map'], 'map-to-satellite': ['satellite-map', 'satellite'] };
  const more = { 'horse-to-zebra': ['horse-zebra', 'zebra'], 'photo-to-monet': ['photo-monet', 'monet'] };
  const folder = await mkdtemp(join(tmpdir(), 'cyclebox-capacity-'));
  let [count, before, after] = [0, 0, 0];
  for (const [name, [pair, to]] of Object.entries({ ...pairs, ...more })) {
    const out = join(folder, name);
    const images = (await readdir(join(root, 'samples', name))).map(file => join(root, 'samples', name, file));
    const args = ['translate', ...images, '--pair', pair, '--to', to, '--out', out];
    execFileSync(process.execPath, [join(root, 'dist/cli/main.js'), ...args], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    for (const file of await readdir(out)) after += (await stat(join(out, file))).size;
    for (const file of images) before += (await stat(file)).size;
    count += images.length;
  }
  await rm(folder, { recursive: true, force: true });
  return [
    `${count} samples: ${kb(before / count)} an image, ${kb(after / count)} a result, ${(after / before).toFixed(2)} of it`,
  ];
}

/** What 50 jobs more cost, with a runner that copies: what is flushed, by the kind of file. */
async function flushes() {
  const lines = [`one flush of a byte to ${tmpdir()}: ${flushMs().toFixed(2)} ms, median of 51`];
  if (spawnSync('strace', ['-V']).error) return [...lines, 'strace is not there, so flushes are not counted'];
  const [few, many] = [await countFlushes(50), await countFlushes(100)];
  const each = Object.keys(many).map(kind => [kind, (many[kind] - (few[kind] ?? 0)) / 50]);
  const all = each.reduce((sum, [, times]) => sum + times, 0);
  const said = each.map(([kind, times]) => `${kind} ${times.toFixed(2)}`).join(', ');
  return [...lines, `flushes a job beside the worker's: ${all.toFixed(2)} (${said})`];
}

function flushMs() {
  const file = join(tmpdir(), `cyclebox-flush-${process.pid}`);
  const descriptor = openSync(file, 'w');
  const taken = Array.from({ length: 51 }, () => {
    const startMs = performance.now();
    writeSync(descriptor, 'x');
    fsyncSync(descriptor);
    return performance.now() - startMs;
  });
  closeSync(descriptor);
  void rm(file);
  return median(taken);
}

async function countFlushes(jobs) {
  const folder = await mkdtemp(join(tmpdir(), 'cyclebox-capacity-'));
  const trace = join(folder, 'trace.txt');
  const program = [process.execPath, fileURLToPath(import.meta.url), '--inbox', folder, String(jobs)];
  execFileSync('strace', ['-f', '-y', '-e', 'trace=fsync,fdatasync', '-o', trace, ...program]);
  const counts = {};
  for (const [, path] of (await readFile(trace, 'utf8')).matchAll(/f(?:data)?sync\(\d+<([^>]*)>/g)) {
    const kind = kindOf(path, folder);
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  await rm(folder, { recursive: true, force: true });
  return counts;
}

function kindOf(path, folder) {
  if (path.includes('journal.sqlite')) return 'journal';
  if (path.includes('published.sqlite')) return 'ledger';
  if (path.startsWith(join(folder, 'outbox'))) return /\.png|\.tmp/.test(path) ? 'result' : 'folders of the outbox';
  return 'others';
}

/** @param {string} folder @param {number} jobs */
async function workThrough(folder, jobs) {
  await mkdir(join(folder, 'inbox'), { recursive: true });
  for (let index = 0; index < jobs; index++) await writeFile(join(folder, 'inbox', `${index}.png`), String(index));
  const { inbox } = await openInbox(folder, sleeper(0), 1);
  await inbox.start();
  await inbox.whenIdle();
  await inbox.stop();
}
