/**
 * A folder of photographs from end to end: `cyclebox translate` and a daemon beside the reference's way (one Python process for
 * the folder, and a shell loop with one for each image), and beside what the machine needs at least. That is the larger of inference
 * alone and coding alone where one costs the other nothing, and half of the CPU time of both where two cores do all of it: of inference on
 * one thread, since threads that share an image wait for each other.
 */
import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { platform } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { openEngine } from '../dist/engine/index.js';
import { decodeImage, encodeImage } from '../dist/image/index.js';
import { ownGenerator } from './generator.mjs';
import { peerExport, peerFolderCommand } from './peer.mjs';
import { readResults } from './performance-results.mjs';

const cli = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const samples = fileURLToPath(new URL('../samples/', import.meta.url));
const size = 256;
/** Processes for one image each are started for so many, and counted for all. */
const alone = 3;
/** Runs of inference alone, counted for all. */
const runs = 50;

/** @typedef {{ seconds: number, cpuSeconds?: number | undefined }} Spent */
/** @typedef {{ what: string, seconds: number, cpuSeconds?: number, remark?: string, toLarger?: number, toFloor?: number }} Row */

const inference = 'inference alone';
const coding = 'decoding and encoding alone';
const floor = 'both on all cores';

/**
 * @param {object} options
 * @param {import('./peer.mjs').Runtimes | undefined} options.runtimes
 * @param {number} options.threads
 * @param {string} options.scratch
 * @param {number} options.photos
 * @param {number} options.peerPhotos the others' time for so many is counted for all
 * @param {{ width: number, blocks: number }} options.network
 */
export function openFolder({ runtimes, threads, scratch, photos, peerPhotos, network }) {
  const place = lazily(() => makePlace(scratch, photos, peerPhotos, network));
  const row = (what, remark, measure) => ({
    what,
    measure: async () => compared(what, remark, await measure(), photos),
  });
  const rows = [
    row(inference, `${Math.min(runs, photos)} runs, counted for all`, async () =>
      times(
        await inferenceAlone((await place()).model, threads, Math.min(runs, photos)),
        photos / Math.min(runs, photos),
      ),
    ),
    row(coding, 'as many at a time as there are threads', async () => codingAlone((await place()).files, threads)),
    { what: floor, measure: async () => bothOnAllCores((await place()).model, threads, photos) },
    row('cyclebox translate', 'from the start of the command to its end', async () => translated(await place())),
    row('cyclebox start --once', 'from the start of the daemon to its end', async () => worked(await place(), 'cpu')),
    row('cyclebox start --once, two workers', '"engine": ["cpu", "cpu"], each on half of the threads', async () =>
      worked(await place(), ['cpu', 'cpu']),
    ),
  ];
  return runtimes ? [...rows, ...peerRows(row, { place, runtimes, threads, photos, peerPhotos, network })] : rows;
}

function peerRows(row, { place, runtimes, threads, photos, peerPhotos, network }) {
  const part = peerPhotos === photos ? '' : `${peerPhotos} images, counted for all`;
  const { width, blocks } = network;
  const torch = { runtime: 'torch', model: `${width},${blocks}`, size: `${size}x${size}`, threads };
  const folder = async (how, name) => {
    const { some, root } = await place();
    const spent = await spentBy(...peerFolderCommand(runtimes, how, { from: some, to: made(join(root, name)) }));
    return times(spent, photos / peerPhotos);
  };
  const exported = (runtime, title) =>
    row(`${title}, one process for the folder`, part, async () => {
      const { root } = await place();
      const file = join(root, 'peer.onnx');
      const bytes = peerExport(runtimes, { width, blocks, size });
      if (!bytes) throw new Error('PyTorch did not export the network');
      writeFileSync(file, bytes);
      return folder({ ...torch, runtime, model: file }, runtime);
    });
  return [
    row('PyTorch, one process for the folder', part, () => folder(torch, 'torch')),
    row('PyTorch, a shell loop', `a process for each of ${alone} images, counted for all`, async () => {
      const { root, files } = await place();
      const single = made(join(root, 'single'));
      copyFileSync(files[0], join(single, '0.jpg'));
      const how = peerFolderCommand(runtimes, torch, { from: single, to: made(join(root, 'single-out')) });
      const all = [];
      for (let index = 0; index < alone; index++) all.push(await spentBy(...how));
      return times(sum(all), photos / alone);
    }),
    ...(runtimes.versions.onnxruntime ? [exported('onnxruntime', 'ONNX Runtime in Python')] : []),
    ...(runtimes.versions.openvino ? [exported('openvino', 'OpenVINO')] : []),
  ];
}

/** @returns {Row} beside what was measured before of as many photographs */
function compared(what, remark, { seconds, cpuSeconds }, photos) {
  const known = name => knownRow(name, photos)?.seconds;
  const larger = Math.max(known(inference) ?? Number.NaN, known(coding) ?? Number.NaN);
  const isMachine = what === inference || what === coding;
  const ratios = isMachine ? {} : { toLarger: seconds / larger, toFloor: seconds / (known(floor) ?? Number.NaN) };
  return { what, photos, seconds, cpuSeconds, ...ratios, remark };
}

async function bothOnAllCores(model, threads, photos) {
  const known = knownRow(coding, photos)?.cpuSeconds;
  if (known === undefined) throw new Error(`${coding} comes first`);
  const count = Math.min(runs, photos);
  const alone = await inferenceAlone(model, 1, count);
  const cpuSeconds = (alone.cpuSeconds * photos) / count + known;
  const remark = `CPU time of inference on one thread and of coding, over ${threads} cores: no pipeline takes less`;
  return { what: floor, photos, seconds: cpuSeconds / threads, cpuSeconds, remark };
}

const knownRow = (name, photos) =>
  readResults().folder?.rows.find(({ what, photos: of }) => what === name && of === photos);

async function makePlace(scratch, photos, peerPhotos, network) {
  const root = join(scratch, 'folder');
  const inbox = made(join(root, 'inbox'));
  await makePhotographs(inbox, photos);
  const names = readdirSync(inbox).toSorted();
  const some = made(join(root, 'some'));
  for (const name of names.slice(0, peerPhotos)) copyFileSync(join(inbox, name), join(some, name));
  const model = join(root, 'model.onnx');
  writeFileSync(model, ownGenerator(network.width, network.blocks));
  return { root, inbox, some, model, files: names.map(name => join(inbox, name)) };
}

/** Made with the first call. */
function lazily(make) {
  let made;
  return () => {
    made ??= make();
    return made;
  };
}

function made(folder) {
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Parts of the photographs in `samples/`, each from another place, some mirrored. */
async function makePhotographs(folder, count) {
  const sources = ['photo-to-monet', 'summer-to-winter', 'horse-to-zebra'].flatMap(name =>
    readdirSync(join(samples, name)).map(file => join(samples, name, file)),
  );
  for (let index = 0; index < count; index++) {
    const image = sharp(sources[index % sources.length]);
    const { width, height } = await image.metadata();
    const [left, top] = [(index * 37) % (width - size), (index * 23) % (height - size)];
    const part = image.extract({ left, top, width: size, height: size }).flop(index % 2 === 1);
    await part.jpeg({ quality: 90 }).toFile(join(folder, `${String(index).padStart(4, '0')}.jpg`));
  }
}

/** @returns {Promise<Spent>} */
async function here(work) {
  const [start, cpu] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(cpu);
  return { seconds: (performance.now() - start) / 1000, cpuSeconds: (user + system) / 1e6 };
}

const times = ({ seconds, cpuSeconds }, factor) => ({
  seconds: seconds * factor,
  cpuSeconds: cpuSeconds === undefined ? undefined : cpuSeconds * factor,
});

function sum(all) {
  const of = key => all.reduce((total, each) => total + (each[key] ?? Number.NaN), 0);
  return { seconds: of('seconds'), cpuSeconds: of('cpuSeconds') };
}

async function inferenceAlone(model, threads, count) {
  const engine = await openEngine('cpu', { threads });
  const program = await engine.load({ path: model });
  const image = { shape: [1, 3, size, size], data: new Float32Array(3 * size * size).fill(0.25) };
  for (let warmUp = 0; warmUp < 4; warmUp++) await program.run({ image });
  const spent = await here(async () => {
    for (let index = 0; index < count; index++) await program.run({ image });
  });
  await engine.dispose();
  return spent;
}

function codingAlone(files, lanes) {
  const rest = files.values();
  const lane = async () => {
    for (const file of rest) await encodeImage(await decodeImage(file, { metadata: 'keep' }));
  };
  return here(() => Promise.all(Array.from({ length: lanes }, lane)));
}

async function translated({ files, model, root }) {
  const out = join(root, 'translated');
  await rm(out, { recursive: true, force: true });
  return spentBy(process.execPath, [cli, 'translate', ...files, '--model', model, '--engine', 'cpu', '--out', out]);
}

/** A project whose inbox has the photographs already. */
async function worked({ root, model }, engine) {
  const plugin = made(join(root, 'plugins/bench'));
  await writeFile(join(plugin, 'bench.onnx'), await readFile(model));
  const models = { b: { path: 'bench.onnx' } };
  const manifest = {
    name: 'bench',
    version: '1.0.0',
    engines: { cyclebox: '^1.0.0' },
    contributes: { domainPairs: [{ id: 'bench', domains: ['a', 'b'], models }] },
  };
  await writeFile(join(plugin, 'package.json'), JSON.stringify(manifest));
  const routes = [{ match: '**', pair: 'bench', to: 'b' }];
  const config = { plugins: ['plugins'], engine, settleMs: 100, routes, dashboard: { enabled: false } };
  await writeFile(join(root, 'watch-config.json'), JSON.stringify(config));
  for (const name of ['outbox', '.cyclebox']) await rm(join(root, name), { recursive: true, force: true });
  made(join(root, 'outbox'));
  return spentBy(process.execPath, [cli, 'start', '--once'], root);
}

/**
 * What a command takes, those that it starts included. Windows does not say how much of the CPU that was.
 * @param {string} command @param {readonly string[]} args @param {string} [cwd] @returns {Promise<Spent>}
 */
async function spentBy(command, args, cwd) {
  const isPosix = platform() !== 'win32';
  const [program, ...rest] = isPosix
    ? ['sh', '-c', '"$@"; code=$?; times >&3; exit $code', 'sh', command, ...args]
    : [command, ...args];
  const start = performance.now();
  const child = spawn(program, rest, { cwd, stdio: ['ignore', 'ignore', 'inherit', 'pipe'] });
  let said = '';
  child.stdio[3].on('data', data => {
    said += data;
  });
  const code = await new Promise((resolve, reject) => child.once('close', resolve).once('error', reject));
  const seconds = (performance.now() - start) / 1000;
  if (code !== 0) throw new Error(`${[command, ...args].slice(0, 3).join(' ')} … ended with ${code}`);
  const spent = [...said.matchAll(/(\d+)m([\d.]+)s/g)].map(([, minutes, rest]) => Number(minutes) * 60 + Number(rest));
  return { seconds, cpuSeconds: isPosix ? spent.reduce((total, each) => total + each, 0) : undefined };
}
