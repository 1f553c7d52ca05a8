/** Rows of `npm run bench:performance -- translate`: one image through one network, everybody in turns. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { openEngine } from '../dist/engine/index.js';
import { ownGenerator } from './generator.mjs';
import { noise } from './measure.mjs';
import { measuredPeak } from './operations.mjs';
import { openPeerTurns, peerExport } from './peer.mjs';

/** @typedef {{ what: string, width: number, blocks: number, size: number, tfjs?: boolean, rounds?: number }} Network */
/**
 * @typedef {object} Options
 * @property {import('../dist/engine/index.js').Engine} engine
 * @property {import('./peer.mjs').Runtimes | undefined} runtimes
 * @property {number} threads
 * @property {number} rounds
 * @property {'wall' | 'cpu'} clock `cpu`: CPU time, for machines that have other work; with one thread, since those that wait count
 * @property {boolean} tfjs
 * @property {string} scratch
 */

/** Threads of all sides go on spinning for a while when they have nothing to do: not on the others' time. */
const settleMs = 60;

/** @param {Network} network @param {Options} options */
export async function translateRow(network, options) {
  const { engine, clock } = options;
  const { what, width, blocks, size } = network;
  const peak = await measuredPeak(engine, 1);
  const candidates = [await ownCandidate('cyclebox', engine, network), ...peerCandidates(network, options)];
  const tfjs = network.tfjs && options.tfjs ? await openEngine('tfjs', {}).catch(() => undefined) : undefined;
  if (tfjs) candidates.push(await ownCandidate('tfjs', tfjs, network));
  const times = await medians(candidates, network.rounds ?? options.rounds, clock);
  for (const { dispose } of candidates) await dispose();
  await tfjs?.dispose();
  const others = Object.entries(times).flatMap(([key, ms]) => (key === 'cyclebox' || Number.isNaN(ms) ? [] : [ms]));
  const toBestPeer = others.length > 0 ? times.cyclebox / Math.min(...others) : undefined;
  // The product is timed by the wall: beside CPU time it would say nothing.
  if (clock === 'cpu') return { what, ...times, toBestPeer };
  const floorMs = flopsOf({ width, blocks, size }) / peak / 1e6;
  return { what, ...times, floorMs, toFloor: times.cyclebox / floorMs, toBestPeer };
}

/** Multiplications and additions of one image through the reference's generator. */
function flopsOf({ width: w, blocks, size }) {
  const at = (scale, kernel, c, k) => 2 * (size / scale) ** 2 * kernel ** 2 * c * k;
  const ends = at(1, 7, 3, w) + at(1, 7, w, 3);
  const down = at(2, 3, w, 2 * w) + at(4, 3, 2 * w, 4 * w);
  return ends + 2 * down + 2 * blocks * at(4, 3, 4 * w, 4 * w);
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

/** @param {Network} network @param {Options} options */
function peerCandidates({ width, blocks, size }, { runtimes, scratch, threads }) {
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

async function medians(candidates, rounds, clock) {
  const times = Object.fromEntries(candidates.map(({ name }) => [name, []]));
  for (const { run, warmUps } of candidates) for (let index = 0; index < warmUps; index++) await run();
  for (let round = 0; round < rounds; round++) {
    for (const { name, run } of candidates) {
      await setTimeout(settleMs);
      const { wallMs, cpuMs } = await run();
      times[name].push(clock === 'cpu' ? cpuMs : wallMs);
    }
  }
  const median = values => values.toSorted((a, b) => a - b)[values.length >> 1];
  return Object.fromEntries(Object.entries(times).map(([name, values]) => [name, median(values)]));
}
