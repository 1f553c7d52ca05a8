/**
 * `npm run evaluate:satellite-map`: judges a pair of trained models on the held-out strip, and draws a contact sheet.
 * It runs the .onnx files itself with the root's onnxruntime-node, whole tile at a time, apart from Cyclebox's own code,
 * so that a mistake there cannot hide here. What must stay true: every method is judged on the same tiles.
 */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { drawSheet } from './contact-sheet.mjs';
import { countTile, emptyCounts, isMapLand, isSatelliteLand, kindOf, score } from './metrics.mjs';
import { SEA } from './palette.mjs';

const root = join(import.meta.dirname, '../..');
const require = createRequire(join(root, 'package.json'));

const HELP = `Usage: npm run evaluate:satellite-map -- --to-map FILE.onnx [--to-satellite FILE.onnx] [options]

  --to-map FILE         model that translates satellite to map
  --to-satellite FILE   model that translates map to satellite
  --untrained FILE      the same net before training, for comparison (used for both directions)
  --data DIR            the data set's folder (default data/satellite-map); only its holdout/ is read
  --limit N             judge only N tiles, spread over the held-out set (default all)
  --threads N           threads for ONNX Runtime (default 1)
  --rows N              rows of the contact sheet (default 8)
  --out DIR             where evaluation.json and evaluation.png go (default runs/satellite-map-evaluation)`;

const OPTIONS = Object.fromEntries(
  ['to-map', 'to-satellite', 'untrained', 'data', 'limit', 'threads', 'rows', 'out'].map(name => [
    name,
    { type: 'string' },
  ]),
);

function positive(name, text, preset) {
  if (text === undefined) return preset;
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new RangeError(`--${name} is ${text}; it must be a whole number above 0.`);
}

function resolveOptions(argv) {
  const { values } = parseArgs({ args: argv, options: { ...OPTIONS, help: { type: 'boolean', short: 'h' } } });
  const path = text => (text === undefined ? undefined : resolve(process.env.INIT_CWD ?? '.', text));
  if (!values.help && !values['to-map'] && !values['to-satellite']) {
    throw new RangeError('Nothing to judge: give --to-map or --to-satellite.');
  }
  return {
    help: values.help ?? false,
    toMap: path(values['to-map']),
    toSatellite: path(values['to-satellite']),
    untrained: path(values.untrained),
    data: path(values.data) ?? join(root, 'data/satellite-map'),
    limit: positive('limit', values.limit, Number.POSITIVE_INFINITY),
    threads: positive('threads', values.threads, 1),
    rows: positive('rows', values.rows, 8),
    out: path(values.out) ?? join(root, 'runs/satellite-map-evaluation'),
  };
}

async function readPixels(file, channels) {
  const { default: sharp } = await import('sharp');
  const image = sharp(file);
  const { data, info } = await (channels === 1 ? image.greyscale() : image.removeAlpha())
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height };
}

function spread(names, limit) {
  if (limit >= names.length) return names;
  return Array.from({ length: limit }, (_, i) => names[Math.floor((i * names.length) / limit)]);
}

async function readTiles(folder, limit) {
  const tiles = [];
  for (const name of spread(readdirSync(join(folder, 'satellite')).sort(), limit)) {
    const { data: satellite, width, height } = await readPixels(join(folder, 'satellite', name), 3);
    const { data: map } = await readPixels(join(folder, 'map', name), 3);
    const { data: mask } = await readPixels(join(folder, 'mask', name), 1);
    tiles.push({ name, width, height, satellite, map, mask, kind: kindOf(mask) });
  }
  return tiles;
}

/** [r g b r g b …] bytes to [1, 3, h, w] in [-1, 1]. */
function toPlanes(rgb) {
  const pixels = rgb.length / 3;
  const out = new Float32Array(rgb.length);
  for (let i = 0; i < pixels; i++) for (let c = 0; c < 3; c++) out[c * pixels + i] = rgb[i * 3 + c] / 127.5 - 1;
  return out;
}

function toBytes(planes) {
  const pixels = planes.length / 3;
  const out = new Uint8ClampedArray(planes.length);
  for (let i = 0; i < pixels; i++) for (let c = 0; c < 3; c++) out[i * 3 + c] = (planes[c * pixels + i] + 1) * 127.5;
  return Buffer.from(out.buffer);
}

/** Opens a model; the function returned translates one tile's RGB bytes. */
async function openModel(file, threads) {
  process.env.ORT_DISABLE_TELEMETRY ??= '1';
  const ort = require('onnxruntime-node');
  const session = await ort.InferenceSession.create(file, { intraOpNumThreads: threads, interOpNumThreads: 1 });
  const [input, output] = [session.inputNames[0], session.outputNames[0]];
  return async (rgb, { width, height }) => {
    const tensor = new ort.Tensor('float32', toPlanes(rgb), [1, 3, height, width]);
    const result = (await session.run({ [input]: tensor }))[output];
    if (result.dims.join() !== `1,3,${height},${width}`) {
      throw new Error(`${file} gave ${result.dims} for an image of 1,3,${height},${width}.`);
    }
    return toBytes(result.data);
  };
}

/** Judges one method over all tiles: `translate(tile)` gives RGB bytes. Results also by what the tile shows. */
async function judge(tiles, target, translate) {
  const land = target === 'map' ? isMapLand : isSatelliteLand;
  const all = emptyCounts();
  const byKind = { sea: emptyCounts(), land: emptyCounts(), both: emptyCounts() };
  const images = [];
  for (const tile of tiles) {
    const image = await translate(tile);
    for (const counts of [all, byKind[tile.kind]]) countTile(counts, image, tile[target], tile.mask, land);
    images.push(image);
  }
  const kinds = Object.fromEntries(Object.entries(byKind).map(([kind, counts]) => [kind, score(counts).accuracy]));
  return { result: { ...score(all), accuracyOnTiles: kinds }, images };
}

async function judgeModel(file, tiles, source, target, threads) {
  const model = await openModel(file, threads);
  return judge(tiles, target, tile => model(tile[source], tile));
}

const filled = (tile, colour) => Buffer.from(Array.from({ length: tile.mask.length }, () => colour).flat());

async function judgeDirection(options, tiles, source, target) {
  const file = target === 'map' ? options.toMap : options.toSatellite;
  if (file === undefined) return undefined;
  const trained = await judgeModel(file, tiles, source, target, options.threads);
  const methods = { trained: trained.result };
  if (options.untrained) {
    methods.untrained = (await judgeModel(options.untrained, tiles, source, target, options.threads)).result;
  }
  if (target === 'map') methods['all water'] = (await judge(tiles, target, tile => filled(tile, [...SEA]))).result;
  methods['input unchanged'] = (await judge(tiles, target, tile => tile[source])).result;
  methods['truth itself'] = (await judge(tiles, target, tile => tile[target])).result;
  return { methods, images: trained.images };
}

const percent = v => (v === null ? '–' : `${(v * 100).toFixed(1)} %`).padStart(9);

function printTable(title, methods) {
  const heads = ['accuracy', 'IoU water', 'IoU land', 'L1', 'sea tiles', 'land tiles', 'both'];
  console.log(`\n${title.padEnd(22)}${heads.map(h => h.padStart(11)).join('')}`);
  for (const [name, m] of Object.entries(methods)) {
    const { sea, land, both } = m.accuracyOnTiles;
    const shares = [m.accuracy, m.iouWater, m.iouLand].map(percent);
    const cells = [...shares, m.l1.toFixed(4), ...[sea, land, both].map(percent)];
    console.log(`${name.padEnd(22)}${cells.map(c => c.padStart(11)).join('')}`);
  }
}

function insist(file, what) {
  if (file !== undefined && !existsSync(file)) throw new RangeError(`${what}: there is no ${file}.`);
}

async function evaluate(options) {
  insist(options.toMap, '--to-map');
  insist(options.toSatellite, '--to-satellite');
  insist(options.untrained, '--untrained');
  insist(join(options.data, 'holdout'), 'Build the data set first (npm run dataset:satellite-map)');
  const tiles = await readTiles(join(options.data, 'holdout'), options.limit);
  const map = await judgeDirection(options, tiles, 'satellite', 'map');
  const satellite = await judgeDirection(options, tiles, 'map', 'satellite');
  const kinds = { sea: 0, land: 0, both: 0 };
  for (const tile of tiles) kinds[tile.kind]++;
  console.log(`${tiles.length} held-out tiles: ${kinds.sea} of sea, ${kinds.land} of land, ${kinds.both} of both`);
  if (map) printTable('satellite to map', map.methods);
  if (satellite) printTable('map to satellite', satellite.methods);
  if (map && map.methods.trained.accuracyOnTiles.both < 0.5) {
    console.log('\nBelow 50 % on tiles of both kinds: land and water look swapped (the inverted solution).');
  }
  mkdirSync(options.out, { recursive: true });
  const report = { tiles: { count: tiles.length, ...kinds }, toMap: map?.methods, toSatellite: satellite?.methods };
  writeFileSync(join(options.out, 'evaluation.json'), `${JSON.stringify(report, null, 2)}\n`);
  const sheet = join(options.out, 'evaluation.png');
  await drawSheet(sheet, tiles, map?.images, satellite?.images, options.rows);
  console.log(`\nWrote ${join(dirname(sheet), 'evaluation.json')} and ${sheet}`);
  console.log('Columns of the sheet: satellite, translated map, true map; map, translated satellite, true satellite.');
}

try {
  const options = resolveOptions(process.argv.slice(2));
  if (options.help) console.log(HELP);
  else await evaluate(options);
} catch (error) {
  if (!(error instanceof RangeError) && !error.code?.startsWith?.('ERR_PARSE_ARGS')) throw error;
  console.error(`${error.message}\n\n${HELP}`);
  process.exitCode = 2;
}
