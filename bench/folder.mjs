/**
 * A folder of photographs from end to end: `cyclebox translate` and a daemon beside the reference's way (one Python process for
 * the folder, and one for each image), and beside what the machine needs at least: inference alone, and coding alone.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { openEngine } from '../dist/engine/index.js';
import { decodeImage, encodeImage } from '../dist/image/index.js';
import { ownGenerator } from './generator.mjs';
import { timed } from './measure.mjs';
import { peerExport, runPeerFolder } from './peer.mjs';

const cli = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const run = promisify(execFile);
const size = { width: 512, height: 384 };
/** Processes for one image each are started for so many, and counted for all. */
const alone = 3;

/** @param {{ runtimes?: import('./peer.mjs').Runtimes, threads: number, scratch: string, photos: number, network: { width: number, blocks: number } }} options */
export async function folderRows({ runtimes, threads, scratch, photos, network }) {
  const root = join(scratch, 'folder');
  const inbox = join(root, 'inbox');
  mkdirSync(inbox, { recursive: true });
  await makePhotographs(inbox, photos);
  const model = join(root, 'model.onnx');
  writeFileSync(model, ownGenerator(network.width, network.blocks));
  const files = readdirSync(inbox).map(name => join(inbox, name));
  const rows = [];
  const add = (what, seconds, remark = '') => {
    rows.push({ what, seconds, secondsEach: seconds / photos, remark });
    console.log(`${what}: ${seconds.toPrecision(3)} s`);
  };
  add(
    'machine: inference alone',
    await inferenceSeconds(model, threads, photos),
    'one program, one image after the other',
  );
  add('machine: decoding and encoding alone', await codingSeconds(files), 'as many at a time as there are threads');
  add(
    'cyclebox translate',
    await seconds(() => translated(files, model, root)),
    'from the start of the command to its end',
  );
  add('cyclebox start --once', await seconds(() => worked(root, model)), 'from the start of the daemon to its end');
  if (runtimes) await addPeers(add, { runtimes, threads, root, inbox, photos, network });
  const floor = Math.max(rows[0].seconds, rows[1].seconds);
  return rows.map(row => ({ ...row, toLarger: row.seconds / floor }));
}

async function addPeers(add, { runtimes, threads, root, inbox, photos, network }) {
  const { width, blocks } = network;
  const sizes = `${size.width}x${size.height}`;
  const folders = (name, from = inbox) => ({ from, to: made(join(root, name)) });
  const torch = { runtime: 'torch', model: `${width},${blocks}`, size: sizes, threads };
  add(
    'PyTorch, one process for the folder',
    await seconds(() => runPeerFolder(runtimes, torch, folders('torch'))),
    "the reference's way",
  );
  const single = made(join(root, 'single'));
  await writeFile(join(single, '0.jpg'), await readFile(join(inbox, '0000.jpg')));
  const each = await seconds(async () => {
    for (let index = 0; index < alone; index++) await runPeerFolder(runtimes, torch, folders('single-out', single));
  });
  add('PyTorch, a process for each image', (each / alone) * photos, `measured for ${alone}, counted for all`);
  const exported = peerExport(runtimes, { width, blocks, size: sizes });
  if (!exported) return;
  writeFileSync(join(root, 'peer.onnx'), exported);
  for (const runtime of ['onnxruntime', 'openvino'].filter(name => runtimes.versions[name])) {
    const how = { runtime, model: join(root, 'peer.onnx'), size: sizes, threads };
    add(`${runtime}, one process for the folder`, await seconds(() => runPeerFolder(runtimes, how, folders(runtime))));
  }
}

const seconds = async work => (await timed(work)).ms / 1000;

function made(folder) {
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Clouds over a sloping ground, with grain: as much to decode and encode as a photograph has. */
async function makePhotographs(folder, count) {
  const { width, height } = size;
  for (let index = 0; index < count; index++) {
    const noise = sigma => ({ create: { width, height, channels: 3, noise: { type: 'gaussian', mean: 128, sigma } } });
    const clouds = await sharp(noise(90))
      .blur(6)
      .linear(4, -380 + (index % 40))
      .png()
      .toBuffer();
    const grain = await sharp(noise(12)).png().toBuffer();
    const name = `${String(index).padStart(4, '0')}.jpg`;
    await sharp(clouds)
      .composite([{ input: grain, blend: 'soft-light' }])
      .jpeg({ quality: 90 })
      .toFile(join(folder, name));
  }
}

async function inferenceSeconds(model, threads, photos) {
  const engine = await openEngine('cpu', { threads });
  const program = await engine.load({ path: model });
  const { width, height } = size;
  const image = { shape: [1, 3, height, width], data: new Float32Array(3 * width * height).fill(0.25) };
  for (let warmUp = 0; warmUp < 4; warmUp++) await program.run({ image });
  const counted = Math.min(photos, 50);
  const took = await seconds(async () => {
    for (let index = 0; index < counted; index++) await program.run({ image });
  });
  await engine.dispose();
  return (took / counted) * photos;
}

async function codingSeconds(files) {
  const rest = files.values();
  const lane = async () => {
    for (const file of rest) await encodeImage(await decodeImage(file, { metadata: 'keep' }));
  };
  return await seconds(() => Promise.all([lane(), lane()]));
}

async function translated(files, model, root) {
  await run(process.execPath, [cli, 'translate', ...files, '--model', model, '--out', join(root, 'translated')], {
    maxBuffer: 2 ** 28,
  });
}

/** A project whose inbox has the photographs already. */
async function worked(root, model) {
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
  const config = { plugins: ['plugins'], settleMs: 100, routes, dashboard: { enabled: false } };
  await writeFile(join(root, 'watch-config.json'), JSON.stringify(config));
  made(join(root, 'outbox'));
  const child = spawn(process.execPath, [cli, 'start', '--once'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`cyclebox start --once ended with ${code}`);
}
