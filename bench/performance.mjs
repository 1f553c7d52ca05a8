/**
 * `npm run bench:performance [-- translate train folder --quick --only TEXT --photos N --peer-photos N --rounds N --clock cpu --no-peers
 * --no-tfjs --threads N]`: Cyclebox beside PyTorch, ONNX Runtime in Python, OpenVINO and TensorFlow.js, in turns, and beside the floor:
 * the same network's multiplications at the speed of the machine's own matrix product, measured in the same run. Every row is written
 * down as it comes (performance-results.mjs), and one that fails stops no other. `npm run bench:tables` makes the tables of
 * docs/performance.md of them.
 *
 * The peers live in `bench/.venv`, made on first use (peer.mjs); TensorFlow.js is the one that is installed beside cyclebox.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openEngine } from '../dist/engine/index.js';
import { openFolder } from './folder.mjs';
import { measuredPeak } from './operations.mjs';
import { findRuntimes, openPeerStepper } from './peer.mjs';
import { keepRow } from './performance-results.mjs';
import { trainingRow } from './training.mjs';
import { translateRow } from './translate-rows.mjs';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    /** A row of each section. */
    quick: { type: 'boolean', default: false },
    /** Rows whose names have this in them. */
    only: { type: 'string', default: '' },
    photos: { type: 'string' },
    /** The others' images of the folder: their time is counted for all. */
    'peer-photos': { type: 'string' },
    rounds: { type: 'string' },
    /** `cpu`: CPU time, for machines that have other work; with `--threads 1`, since threads that wait count. Of `translate`. */
    clock: { type: 'string', default: 'wall' },
    peers: { type: 'boolean', default: true },
    tfjs: { type: 'boolean', default: true },
    threads: { type: 'string', default: String(availableParallelism()) },
  },
  allowNegative: true,
});
const { quick, clock } = options;
const threads = Number(options.threads);
const rounds = Number(options.rounds ?? (quick ? 3 : 7));
const photos = Number(options.photos ?? (quick ? 24 : 1000));
const peerPhotos = Math.min(photos, Number(options['peer-photos'] ?? 100));

const small = { width: 32, blocks: 7 };
const paper = { width: 64, blocks: 9 };
const sizes = [
  { ...small, size: 256, tfjs: true, quick: true },
  { ...paper, size: 256, tfjs: true },
  { ...small, size: 512, tfjs: true },
  { ...paper, size: 512, tfjs: true },
  { ...small, size: 2048, rounds: 3 },
];
const translations = sizes.map(each => ({ ...each, what: nameOf(each) }));
const trainings = [
  { size: 64, width: 32, blocks: 6, quick: true },
  { size: 128, width: 32, blocks: 6 },
  { size: 128, width: 64, blocks: 9 },
].map(each => ({ ...each, what: nameOf(each) }));

function nameOf({ size, width, blocks }) {
  return `width ${width}, ${blocks} blocks${width === 64 ? ' (the paper’s)' : ''}, ${size}²`;
}

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
  const shared = { engine, runtimes, threads, rounds, clock, tfjs: options.tfjs, scratch };
  const sections = {
    translate: () => translations.map(each => ({ ...each, measure: () => translateRow(each, shared) })),
    train: () => trainings.map(each => ({ ...each, measure: () => trainRow(engine, runtimes, each) })),
    folder: () => openFolder({ runtimes, threads, scratch, photos, peerPhotos, network: small }),
  };
  for (const name of positionals.length > 0 ? positionals : Object.keys(sections)) {
    if (!sections[name]) throw new Error(`No section ${name}. There are: ${Object.keys(sections).join(', ')}.`);
    await measureSection(name, machine, sections[name]());
  }
  await engine.dispose();
}

async function measureSection(name, machine, rows) {
  const section = name === 'translate' && clock === 'cpu' ? 'translate-cpu' : name;
  const wanted = rows.filter(row => row.what.includes(options.only) && (!quick || name === 'folder' || row.quick));
  console.log(`\n${name}`);
  for (const { what, measure } of wanted) {
    try {
      const measured = await measure();
      if (!measured) continue;
      const row = { ...measured, what };
      keepRow(section, machine, row);
      console.log(JSON.stringify(readable(row)));
    } catch (error) {
      console.log(`${what}: not measured, ${error.message}`);
    }
  }
}

async function trainRow(engine, runtimes, { what, ...size }) {
  const peak = await measuredPeak(engine, 1);
  const stepper = runtimes && openPeerStepper(runtimes, { ...size, threads });
  const steps = Math.max(3, rounds);
  try {
    const row = await trainingRow(engine, { ...size, steps }, peak, stepper);
    const { stepMs, shareOfPeak, pytorchMs, toPytorch } = row;
    return { what, cyclebox: stepMs, torch: pytorchMs, toFloor: 1 / shareOfPeak, toBestPeer: toPytorch };
  } finally {
    await stepper?.dispose();
  }
}

/** Numbers as one reads them in a table. */
function readable(row) {
  const short = value => (typeof value === 'number' ? Number(value.toPrecision(3)) : value);
  return Object.fromEntries(Object.entries(row).map(([key, value]) => [key, short(value)]));
}
