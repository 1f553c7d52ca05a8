/**
 * `npm run bench [-- SECTION… --quick --peer --threads N]`: prints tables and writes bench/results/TIME.json. Sections:
 * operations, generator, precisions, training, levels, memory, scale, plugins (default: all). It reports; it never fails a build. Figures of one run
 * belong together: the machine's matrix product is measured in the same run that they are compared with.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { arch, availableParallelism, cpus, platform } from 'node:os';
import { parseArgs } from 'node:util';
import { openEngine } from '../dist/engine/index.js';
import { generatorRows } from './generator.mjs';
import { levelRows } from './levels.mjs';
import { measuredPeak, operationRows } from './operations.mjs';
import { findPeer, openPeerStepper, peerExport } from './peer.mjs';
import { pluginStartRows } from './plugin-start.mjs';
import { precisionRows } from './precisions.mjs';
import { scaleRows } from './scale.mjs';
import { memoryRow, trainingRow } from './training.mjs';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    peer: { type: 'boolean', default: false },
    threads: { type: 'string', default: String(availableParallelism()) },
  },
});
const { quick } = options;
const threads = Number(options.threads);
const peer = options.peer ? findPeer() : undefined;
const generatorSize = { width: 64, blocks: 9, size: 256 };
const trainingSizes = [
  { size: 64, width: 32, blocks: 6, steps: quick ? 8 : 30 },
  { size: 128, width: 32, blocks: 6, steps: quick ? 4 : 12 },
  { size: 128, width: 64, blocks: 9, steps: quick ? 2 : 6 },
];

const sections = {
  operations: engine => operationRows(engine, { seconds: quick ? 0.3 : 1.5 }),
  generator: engine =>
    generatorRows(engine, {
      ...generatorSize,
      rounds: quick ? 3 : 9,
      exported: peer && peerExport(peer, generatorSize),
    }),
  precisions: () => precisionRows({ threads, rounds: quick ? 3 : 15 }),
  training: async engine => {
    const rows = [];
    for (const size of trainingSizes) rows.push(await rowBesidePeer(engine, size));
    return rows;
  },
  levels: () => levelRows({ ...trainingSizes[0], rounds: quick ? 3 : 9, threads }),
  memory: async engine => [await memoryRow(engine, quick ? 200 : 1000)],
  scale: () => scaleRows({ threads, scales: quick ? ['trained', 512] : ['native', 'trained', 512, 1024] }),
  plugins: async () => pluginStartRows({ rounds: quick ? 3 : 9 }),
};

await main();

async function main() {
  const chosen = positionals.length > 0 ? positionals : Object.keys(sections);
  const machine = {
    processor: cpus()[0]?.model.trim(),
    threads,
    system: `${platform()} ${arch()}`,
    node: process.version,
    ...(peer && { pytorch: peer.version }),
  };
  const results = { machine };
  const engine = await openEngine('cpu', { threads });
  console.log(`${machine.processor}, ${threads} threads, ${machine.system}, Node ${machine.node}`);
  if (peer) console.log(`PyTorch ${peer.version}`);
  for (const name of chosen) {
    const section = sections[name];
    if (!section) throw new Error(`No section ${name}. There are: ${Object.keys(sections).join(', ')}.`);
    results[name] = await section(engine);
    console.log(`\n${name}`);
    console.table(results[name].map(rounded));
  }
  await engine.dispose();
  console.log(`\nWritten to ${write(results)}`);
}

/** @param {import('../dist/engine/index.js').Engine} engine @param {typeof trainingSizes[number]} size */
async function rowBesidePeer(engine, size) {
  const peak = await measuredPeak(engine);
  if (!peer) return trainingRow(engine, size, peak);
  const stepper = openPeerStepper(peer, { ...size, threads });
  try {
    const row = await trainingRow(engine, size, peak, stepper);
    if (Number.isNaN(row.pytorchMs)) console.log('No figures of PyTorch: its process ended by itself.');
    return row;
  } finally {
    await stepper.dispose();
  }
}

/** Numbers as one reads them in a table. */
function rounded(row) {
  const readable = value => (typeof value === 'number' ? Number(value.toPrecision(3)) : value);
  return Object.fromEntries(Object.entries(row).map(([key, value]) => [key, readable(value)]));
}

function write(results) {
  const folder = new URL('results/', import.meta.url);
  mkdirSync(folder, { recursive: true });
  const file = new URL(`${new Date().toISOString().replaceAll(':', '-')}.json`, folder);
  writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);
  return file.pathname;
}
