/**
 * What large images take: time, memory at the most, and temporary disk, from file to file through a small generator, by `cyclebox
 * translate` or by a daemon's worker. The image is written strip by strip and never held; it reports and never fails.
 *
 *     node bench/large-images.mjs --width 32768 --height 4096 --net 8 --blocks 2 [--daemon] [--times 2] [--format tiff] [--keep]
 *
 * `--keep` leaves image, model and result where they are, to be looked at; `--image FILE` takes one that is there, of the size named.
 * Memory is read from /proc, so on Linux only.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { copyFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { RawTiff } from '../dist/image/index.js';
import { ownGenerator } from './generator.mjs';

const cli = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const number = text => Number(text);
const { values } = parseArgs({
  options: {
    width: { type: 'string', default: '10001' },
    height: { type: 'string', default: '10003' },
    net: { type: 'string', default: '8' },
    blocks: { type: 'string', default: '6' },
    format: { type: 'string', default: 'jpeg' },
    tiling: { type: 'string', default: 'exact' },
    threads: { type: 'string', default: '1' },
    timeout: { type: 'string', default: '86400' },
    times: { type: 'string', default: '1' },
    daemon: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    image: { type: 'string' },
    scratch: { type: 'string', default: '/var/tmp' },
  },
});
const [width, height, threads, timeout] = [values.width, values.height, values.threads, values.timeout].map(number);
const root = mkdtempSync(join(values.scratch, 'cyclebox-bench-'));
process.on('exit', () => (values.keep ? console.log(`kept: ${root}`) : rmSync(root, { recursive: true, force: true })));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));
const temporary = join(root, 'temporary');
mkdirSync(temporary);
const environment = { ...process.env, TMPDIR: temporary };

/** Soft shapes and fine grain: neither flat nor noise. */
function rowsAt(from, count) {
  const rows = Buffer.alloc(count * width * 3);
  for (let y = from, at = 0; y < from + count; y++)
    for (let x = 0; x < width; x++) {
      const grain = (Math.imul(x, 2654435761) ^ Math.imul(y, 40503)) >>> 28;
      rows[at++] = ((x >> 4) & 127) + grain * 4;
      rows[at++] = ((y >> 4) & 127) + (((x * y) >> 20) % 60);
      rows[at++] = ((x + y) >> 5) & 255;
    }
  return rows;
}

async function makeImage() {
  const raw = join(root, 'image.raw.tif');
  const tiff = await RawTiff.create(raw, { width, height, channels: 3 });
  for (let y = 0; y < height; y += 64) await tiff.write(y, rowsAt(y, Math.min(64, height - y)));
  await tiff.close();
  if (values.format === 'tiff') return raw;
  const encoded = join(root, `image.${values.format}`);
  await sharp(raw, { limitInputPixels: false, sequentialRead: true }).toFormat(values.format).toFile(encoded);
  rmSync(raw);
  return encoded;
}

/** @param {number} pid */
function childrenOf(pid) {
  try {
    const own = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(number);
    return [pid, ...own.flatMap(childrenOf)];
  } catch {
    return [pid];
  }
}

/** Of a process: memory at the most until now, processor time, and what its open temporary files take. */
function lookAt(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  const command =
    readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      .split('\0')
      .find(part => part.endsWith('main.js')) ?? '';
  let bytes = 0;
  const seen = new Set();
  for (const descriptor of readdirSync(`/proc/${pid}/fd`)) {
    const path = `/proc/${pid}/fd/${descriptor}`;
    try {
      if (!readlinkSync(path).startsWith(root)) continue;
      const { ino, blocks } = statSync(path);
      if (!seen.has(ino)) bytes += blocks * 512;
      seen.add(ino);
    } catch {
      // Closed meanwhile.
    }
  }
  const megabytes = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1e3;
  return { command, megabytes, bytes, user: Number(stat[11]) / 100, system: Number(stat[12]) / 100 };
}

function watch(pid) {
  const found = new Map();
  let disk = 0;
  const look = () => {
    let bytes = 0;
    for (const each of childrenOf(pid)) {
      try {
        const now = lookAt(each);
        // What has ended and was not yet waited for has no memory any more.
        const megabytes = Math.max(now.megabytes, found.get(each)?.megabytes ?? 0);
        found.set(each, { ...now, megabytes, command: now.command || found.get(each)?.command });
        bytes += now.bytes;
      } catch {
        // Ended meanwhile.
      }
    }
    disk = Math.max(disk, bytes);
  };
  const timer = setInterval(look, 250);
  return () => {
    clearInterval(timer);
    const largest = [...found.values()].sort((a, b) => b.megabytes - a.megabytes)[0];
    return { ...largest, disk };
  };
}

/** @param {string} what @param {{ code: unknown, command: string, megabytes: number, user: number, system: number, disk: number, seconds: number }} found */
function report(what, { code, command, megabytes, user, system, disk, seconds }) {
  const where = command.split('/').slice(-2).join('/');
  console.log(
    `${what}: ${code}, ${seconds.toFixed(0)} s, ${user.toFixed(0)} s of CPU and ${system.toFixed(0)} s in the system, ` +
      `${megabytes.toFixed(0)} MB at the most in ${where}, ${(disk / 1e9).toFixed(2)} GB of open files`,
  );
}

async function translate(image, model) {
  const options = ['--model', model, '--out', out, '--max-megapixels', '1100', '--threads', `${threads}`];
  const more = ['--timeout', `${timeout}`, '--tiling', values.tiling];
  const child = spawn(process.execPath, [cli, 'translate', image, ...options, ...more], {
    env: environment,
    stdio: 'inherit',
  });
  const startMs = performance.now();
  const end = watch(child.pid);
  const [code] = await once(child, 'exit');
  report('translate', { ...end(), code: `exit ${code}`, seconds: (performance.now() - startMs) / 1e3 });
}

/** A daemon with an inbox: each image is dropped when the one before has come out. */
async function startDaemon(model) {
  const plugin = join(root, 'plugins/bench');
  for (const folder of [plugin, join(root, 'inbox'), out]) mkdirSync(folder, { recursive: true });
  await copyFile(model, join(plugin, 'bench.onnx'));
  const domainPairs = [{ id: 'bench', domains: ['a', 'b'], models: { b: { path: 'bench.onnx' } } }];
  const manifest = { name: 'bench', version: '1.0.0', engines: { cyclebox: '^1.0.0' }, contributes: { domainPairs } };
  await writeFile(join(plugin, 'package.json'), JSON.stringify(manifest));
  const routes = [{ match: '**', pair: 'bench', to: 'b', tiling: values.tiling }];
  const limits = { maxMegapixels: 1100, jobTimeoutMs: timeout * 1000, threads };
  const config = {
    plugins: ['plugins'],
    settleMs: 100,
    routes,
    ...limits,
    dashboard: { enabled: false },
    outbox: 'out',
  };
  await writeFile(join(root, 'watch-config.json'), JSON.stringify(config));
  const stdio = /** @type {const} */ (['ignore', 'ignore', 'inherit']);
  return spawn(process.execPath, [cli, 'start'], { cwd: root, env: environment, stdio });
}

async function inDaemon(image, daemon, times) {
  for (let i = 1; i <= times; i++) {
    const name = `${i}.${image.split('.').at(-1)}`;
    const startMs = performance.now();
    const end = watch(daemon.pid);
    await copyFile(image, join(root, name));
    await rename(join(root, name), join(root, 'inbox', name));
    while (!readdirSync(out).includes(name) && daemon.exitCode === null) await delay(500);
    report(`daemon, image ${i}`, { ...end(), code: 'done', seconds: (performance.now() - startMs) / 1e3 });
    console.log(
      `beside the results: ${
        readdirSync(out)
          .filter(each => each.endsWith('.v') || each.endsWith('.tif') || each.includes('.tmp'))
          .join(', ') || 'nothing'
      }`,
    );
  }
}

const out = join(root, 'out');
const image = values.image ?? (await makeImage());
const model = join(root, 'model.onnx');
writeFileSync(model, ownGenerator(number(values.net), number(values.blocks)));
const megapixels = ((width * height) / 1e6).toFixed(0);
const gigabytes = (statSync(image).size / 1e9).toFixed(2);
console.log(`${width} × ${height} = ${megapixels} MP of ${values.format}, ${gigabytes} GB`);
console.log(`a generator of width ${values.net} with ${values.blocks} blocks, ${values.tiling}, threads: ${threads}`);
if (values.daemon) {
  const daemon = await startDaemon(model);
  try {
    await inDaemon(image, daemon, number(values.times));
  } finally {
    const ended = once(daemon, 'exit');
    daemon.kill('SIGTERM');
    await ended;
  }
} else for (let i = 0; i < number(values.times); i++) await translate(image, model);
for (const name of readdirSync(out).filter(each => !each.startsWith('.'))) {
  const path = join(out, name);
  const made = await sharp(path, { limitInputPixels: false }).metadata();
  console.log(`${name}: ${made.width} × ${made.height}, ${(statSync(path).size / 1e6).toFixed(0)} MB`);
}
