/**
 * `npm run bench:memory [-- SIZE,WIDTH,BLOCKS,BATCH[,ACCUMULATE] …]`: what trainings are estimated to take and what they took,
 * at the peak of resident memory, each in a process of its own: four steps, a sheet, a checkpoint and the exported pair. The
 * factors of src/training/memory/memory-estimate.ts are fitted to these rows; it reports and never fails.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { resolveTrainingSettings, Trainer } from '../dist/training/index.js';
import { estimateMemory } from '../dist/training/memory/memory-estimate.js';
import { noise } from './measure.mjs';

const usual = ['64,32,6,1', '64,32,6,4', '128,32,6,1', '128,32,6,4', '128,64,9,1', '128,64,9,4'];

if (process.argv[2] === '--row') await measureRow(process.argv[3], process.argv[4]);
else await printTable(process.argv.length > 2 ? process.argv.slice(2) : usual);

/** @param {readonly string[]} sizes */
async function printTable(sizes) {
  console.log('size,width,blocks,batch   estimated MB  measured MB  off by');
  for (const size of sizes) {
    const folder = await mkdtemp(join(tmpdir(), 'cyclebox-memory-'));
    try {
      for (const domain of ['a', 'b']) await writeImages(join(folder, domain));
      const { stdout } = await promisify(execFile)(process.execPath, [import.meta.filename, '--row', size, folder]);
      const { estimated, measured } = JSON.parse(stdout);
      const off = `${Math.round((100 * (estimated - measured)) / measured)} %`;
      console.log(`${size.padEnd(26)}${megabytes(estimated)}${megabytes(measured)}${off.padStart(8)}`);
    } finally {
      await rm(folder, { recursive: true });
    }
  }
}

/** @param {string} size @param {string} folder */
async function measureRow(size, folder) {
  const [side, width, blocks, batch, accumulate = 1] = size.split(',').map(Number);
  const [a, b, out] = ['a', 'b', 'run'].map(name => join(folder, name));
  const options = { pair: 'a-b', a, b, out, size: side, width, blocks, batch, accumulate, steps: 4, poolSize: 0 };
  const { total } = estimateMemory(resolveTrainingSettings(options));
  const trainer = await Trainer.create(options, { engine: 'cpu', threads: 2, sampleEvery: 3, memoryCheck: false });
  await trainer.run();
  await trainer.dispose();
  console.log(JSON.stringify({ estimated: total, measured: process.resourceUsage().maxRSS * 1024 }));
}

/** @param {string} folder */
async function writeImages(folder) {
  await mkdir(folder);
  const { data } = noise([256, 256, 3]);
  const pixels = Uint8Array.from(data, value => 127.5 + 127.5 * value);
  await sharp(pixels, { raw: { width: 256, height: 256, channels: 3 } }).toFile(join(folder, '1.png'));
}

/** @param {number} bytes */
function megabytes(bytes) {
  return `${Math.round(bytes / 1e6)}`.padStart(12);
}
