/**
 * `npm run bench:performance [-- translate train folder --large --huge --photos N --rounds N --clock cpu --no-peers --no-tfjs
 * --threads N]`: Cyclebox beside PyTorch, ONNX Runtime in Python, OpenVINO and TensorFlow.js, in turns, and beside the floor: the
 * same network's multiplications at the speed of the machine's own matrix product, measured in the same run. docs/performance.md
 * has what came out.
 *
 * The peers live in `bench/.venv`, made on first use (peer.mjs); TensorFlow.js is the one that is installed beside cyclebox.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { openEngine } from '../dist/engine/index.js';
import { folderRows } from './folder.mjs';
import { ownGenerator } from './generator.mjs';
import { noise } from './measure.mjs';
import { measuredPeak } from './operations.mjs';
import { findRuntimes, openPeerStepper, openPeerTurns, peerExport } from './peer.mjs';
import { trainingRow } from './training.mjs';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    /** The paper's network at 512², too. */
    large: { type: 'boolean', default: false },
    /** 2048², too: minutes for each run of the large network. */
    huge: { type: 'boolean', default: false },
    photos: { type: 'string', default: '1000' },
    rounds: { type: 'string', default: '7' },
    /** `cpu`: CPU time, for machines that have other work; with `--threads 1`, since threads that wait count. Of `translate`. */
    clock: { type: 'string', default: 'wall' },
    peers: { type: 'boolean', default: true },
    tfjs: { type: 'boolean', default: true },
    threads: { type: 'string', default: String(availableParallelism()) },
  },
  allowNegative: true,
});
const threads = Number(options.threads);
const rounds = Number(options.rounds);
const small = { name: 'width 32, 7 blocks', width: 32, blocks: 7 };
const paper = { name: 'width 64, 9 blocks (the paper)', width: 64, blocks: 9 };
const translations = [
  { ...small, size: 256, tfjs: true },
  { ...paper, size: 256 },
  { ...small, size: 512 },
  ...(options.large ? [{ ...paper, size: 512 }] : []),
  ...(options.huge ? [{ ...small, size: 2048 }] : []),
];
const trainings = [
  { size: 64, width: 32, blocks: 6 },
  { size: 128, width: 32, blocks: 6 },
  { size: 128, width: 64, blocks: 9 },
];

/** Threads of all sides go on spinning for a while when they have nothing to do: not on the others' time. */
const settleMs = 60;
const scratch = mkdtempSync(join(tmpdir(), 'cyclebox-bench-'));
try {
  await main();
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

async function main() {
  const runtimes = options.peers ? findRuntimes() : undefined;
  const machine = { processor: cpus()[0]?.model.trim(), threads, node: process.version, ...runtimes?.versions };
  console.log(Object.values(machine).join(', '));
  const engine = await openEngine('cpu', { threads });
  const sections = {
    translate: () => translateRows(engine, runtimes),
    train: () => trainRows(engine, runtimes),
    folder: () => folderRows({ runtimes, threads, scratch, photos: Number(options.photos), network: small }),
  };
  const results = { machine };
  for (const name of positionals.length > 0 ? positionals : Object.keys(sections)) {
    const section = sections[name];
    if (!section) throw new Error(`No section ${name}. There are: ${Object.keys(sections).join(', ')}.`);
    results[name] = await section();
    console.log(`\n${name}`);
    console.table(results[name].map(readable));
  }
  await engine.dispose();
  const folder = new URL('results/', import.meta.url);
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL('performance.json', folder), `${JSON.stringify(results, null, 2)}\n`);
}

/** Multiplications and additions of one image through the reference's generator. */
function flopsOf({ width: w, blocks, size }) {
  const at = (scale, kernel, c, k) => 2 * (size / scale) ** 2 * kernel ** 2 * c * k;
  const ends = at(1, 7, 3, w) + at(1, 7, w, 3);
  const down = at(2, 3, w, 2 * w) + at(4, 3, 2 * w, 4 * w);
  return ends + 2 * down + 2 * blocks * at(4, 3, 4 * w, 4 * w);
}

async function translateRows(engine, runtimes) {
  const rows = [];
  for (const network of translations) {
    rows.push(await translateRow(engine, runtimes, network));
    console.log(JSON.stringify(readable(rows.at(-1)))); // Others take minutes.
  }
  return rows;
}

async function translateRow(engine, runtimes, network) {
  const { name, width, blocks, size } = network;
  const peak = await measuredPeak(engine, 1);
  const candidates = [await ownCandidate('cyclebox', engine, network), ...peerCandidates(runtimes, network)];
  const tfjs = network.tfjs && options.tfjs ? await openEngine('tfjs', {}).catch(() => undefined) : undefined;
  if (tfjs) candidates.push(await ownCandidate('tfjs', tfjs, network));
  const times = await medians(candidates);
  for (const { dispose } of candidates) await dispose();
  await tfjs?.dispose();
  const floorMs = flopsOf({ width, blocks, size }) / peak / 1e6;
  const others = Object.fromEntries(Object.entries(times).filter(([key]) => key !== 'cyclebox'));
  const best = Math.min(...Object.values(others));
  const toBestPeer = times.cyclebox / best;
  // The product is timed by the wall: beside CPU time it would say nothing.
  if (options.clock === 'cpu') return { what: `${name}, ${size}²`, ...times, toBestPeer };
  return {
    what: `${name}, ${size}²`,
    ...times,
    floorMs,
    toFloor: times.cyclebox / floorMs,
    toBestPeer,
  };
}

/** The model as it is exported, on one of our engines. From the third image of a size on, the CPU's program is made for it. */
async function ownCandidate(name, engine, { width, blocks, size }) {
  const program = await engine.load({ bytes: ownGenerator(width, blocks), name });
  const image = noise([1, 3, size, size]);
  const run = async () => {
    const [start, cpu] = [performance.now(), process.cpuUsage()];
    await program.run({ image });
    const { user, system } = process.cpuUsage(cpu);
    return { wallMs: performance.now() - start, cpuMs: (user + system) / 1000 };
  };
  return { name, run, warmUps: name === 'cyclebox' ? 4 : 1, dispose: () => program.dispose() };
}

function peerCandidates(runtimes, { width, blocks, size }) {
  if (!runtimes) return [];
  const file = join(scratch, `${width}-${blocks}-${size}.onnx`);
  const exported = peerExport(runtimes, { width, blocks, size });
  if (exported) writeFileSync(file, exported);
  return Object.keys(runtimes.versions).flatMap(name => {
    if (name !== 'torch' && !exported) return [];
    const model = name === 'torch' ? `${width},${blocks}` : file;
    const peer = openPeerTurns(runtimes, { runtime: name, model, size: `${size}x${size}`, threads });
    return [{ name, run: peer.turn, warmUps: 2, dispose: peer.dispose }];
  });
}

async function medians(candidates) {
  const times = Object.fromEntries(candidates.map(({ name }) => [name, []]));
  for (const { run, warmUps } of candidates) for (let index = 0; index < warmUps; index++) await run();
  for (let round = 0; round < rounds; round++) {
    for (const { name, run } of candidates) {
      await setTimeout(settleMs);
      const { wallMs, cpuMs } = await run();
      times[name].push(options.clock === 'cpu' ? cpuMs : wallMs);
    }
  }
  const median = values => values.toSorted((a, b) => a - b)[values.length >> 1];
  return Object.fromEntries(Object.entries(times).map(([name, values]) => [name, median(values)]));
}

async function trainRows(engine, runtimes) {
  const rows = [];
  for (const size of trainings) {
    const peak = await measuredPeak(engine, 1);
    const stepper = runtimes && openPeerStepper(runtimes, { ...size, threads });
    const steps = Math.max(3, rounds);
    const { what, stepMs, shareOfPeak, pytorchMs, toPytorch } = await trainingRow(
      engine,
      { ...size, steps },
      peak,
      stepper,
    );
    await stepper?.dispose();
    rows.push({ what, cyclebox: stepMs, torch: pytorchMs, toFloor: 1 / shareOfPeak, toBestPeer: toPytorch });
  }
  return rows;
}

/** Numbers as one reads them in a table. */
function readable(row) {
  const short = value => (typeof value === 'number' ? Number(value.toPrecision(3)) : value);
  return Object.fromEntries(Object.entries(row).map(([key, value]) => [key, short(value)]));
}
