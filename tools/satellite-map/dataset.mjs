/**
 * Writes the satellite-map data set: `a/` satellite crops, `b/` map tiles of other places, `paired/` both of one place where
 * they are asked for, `holdout/` pairs with masks.
 * Not the geometry (`places.mjs`) nor the drawing (`world.mjs`).
 * What must stay true: the same options and seed give the same pictures.
 */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { assignBlocks, drawPlaces, HELD_OUT, heldOutArea, placeInDegrees, trainingBlocks, WORLD } from './places.mjs';
import { buildWorld } from './world.mjs';

const HELP = `Usage: npm run dataset:satellite-map -- [options]

  --out DIR            where to write (default data/satellite-map); a/, b/, paired/ and holdout/ in it
                       are replaced
  --size N             side of a crop in pixels, 32 to 400 (default 128 = 11.25 degrees)
  --count N            crops for each of a/ and b/ (default 1200)
  --paired N           places of which both are written, to train with pairs (default 0)
  --holdout N          held-out pairs (default 150)
  --seed N             the same seed gives the same data set (default 1)
  --max-latitude N     no crop reaches farther from the equator, in degrees, 20 to 80 (default 52)`;

const NUMBERS = {
  size: [128, 32, 400],
  count: [1200, 1, 20_000],
  paired: [0, 0, 20_000],
  holdout: [150, 0, 5000],
  seed: [1, 0, 4294967295],
  'max-latitude': [52, 20, 80],
};

function whole(name, text) {
  const [preset, least, most] = NUMBERS[name];
  if (text === undefined) return preset;
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new RangeError(`--${name} is ${text}; it must be a whole number from ${least} to ${most}.`);
}

function resolveOptions(argv) {
  const strings = Object.fromEntries([...Object.keys(NUMBERS), 'out'].map(name => [name, { type: 'string' }]));
  const { values } = parseArgs({ args: argv, options: { ...strings, help: { type: 'boolean', short: 'h' } } });
  const numbers = Object.fromEntries(Object.keys(NUMBERS).map(name => [name, whole(name, values[name])]));
  // npm runs scripts in the package's folder; INIT_CWD is where the user typed the command.
  const out = values.out
    ? resolve(process.env.INIT_CWD ?? '.', values.out)
    : join(import.meta.dirname, '../../data/satellite-map');
  return { ...numbers, maxLatitude: numbers['max-latitude'], out, help: values.help ?? false };
}

/** What a block looks like, as sums over a coarse grid: used to give A and B halves of the world that look alike. */
function blockFeatures({ satellite, coverage, metres }, block) {
  const sums = new Array(10).fill(0);
  for (let y = block.top; y < block.bottom; y += 6)
    for (let x = block.left; x < block.right; x += 6) {
      const i = y * WORLD.width + x;
      const [r, g, b] = [satellite[i * 3], satellite[i * 3 + 1], satellite[i * 3 + 2]];
      const land = coverage[i] >= 0.5;
      const kinds = land
        ? [1, metres[i] < 200, metres[i] > 800, metres[i] > 2500, r > 130, g > r, r + g + b > 550]
        : [0, 0, 0, 0, 0, 0, 0, b > 60, b < 30, 1];
      kinds.forEach((v, k) => {
        sums[k] += Number(v);
      });
    }
  return sums;
}

function crop(pixels, channels, { left, top }, size) {
  const out = Buffer.alloc(size * size * channels);
  for (let y = 0; y < size; y++) {
    const from = ((top + y) * WORLD.width + left) * channels;
    Buffer.from(pixels.buffer, pixels.byteOffset + from, size * channels).copy(out, y * size * channels);
  }
  return out;
}

async function writeCrop(file, pixels, channels, place, size) {
  const raw = { width: size, height: size, channels };
  const image = sharp(crop(pixels, channels, place, size), { raw });
  await (channels === 1 ? image.toColourspace('b-w') : image).png({ compressionLevel: 6 }).toFile(file);
}

async function writeAll(out, folder, pixels, channels, places, size) {
  mkdirSync(join(out, folder), { recursive: true });
  for (let i = 0; i < places.length; i++) {
    await writeCrop(join(out, folder, nameOf(i)), pixels, channels, places[i], size);
  }
}

const nameOf = i => `${String(i).padStart(5, '0')}.png`;
const listed = (places, size) => Object.fromEntries(places.map((p, i) => [nameOf(i), placeInDegrees(p, size)]));

function landShare(coverage, places, size) {
  let land = 0;
  for (const p of places) {
    for (let y = 0; y < size; y += 4)
      for (let x = 0; x < size; x += 4) land += coverage[(p.top + y) * WORLD.width + p.left + x] >= 0.5 ? 1 : 0;
  }
  return Math.round((land / (places.length * Math.ceil(size / 4) ** 2)) * 1000) / 1000;
}

/** Where the crops lie: `{ a, b, paired, holdout }` as lists of `{ left, top }`. Pairs come from where A and B do. */
function choosePlaces(world, { size, count, paired, holdout, seed, maxLatitude }) {
  const blocks = trainingBlocks(maxLatitude);
  const features = blocks.map(block => blockFeatures(world, block));
  const owners = assignBlocks(blocks, features, seed);
  const own = name => blocks.filter((_, i) => owners[i] === name);
  return {
    a: drawPlaces(own('a'), count, size, seed * 4 + 1),
    b: drawPlaces(own('b'), count, size, seed * 4 + 2),
    paired: paired === 0 ? [] : drawPlaces(blocks, paired, size, seed * 4 + 4),
    holdout: holdout === 0 ? [] : drawPlaces([heldOutArea(maxLatitude)], holdout, size, seed * 4 + 3),
  };
}

/** Removes an earlier data set, and nothing that this tool did not write: `dataset.json` is the sign that it did. */
function clearOldDataset(out) {
  const folders = ['a', 'b', 'paired', 'holdout'].map(name => join(out, name)).filter(folder => existsSync(folder));
  if (folders.length > 0 && !existsSync(join(out, 'dataset.json'))) {
    throw new RangeError(`${folders[0]} is there already, and no dataset.json beside it. Give --out an empty folder.`);
  }
  for (const folder of folders) rmSync(folder, { recursive: true });
}

async function build(options) {
  const { out, size, count, paired, holdout, seed, maxLatitude } = options;
  clearOldDataset(out);
  console.log('Drawing the world …');
  const world = await buildWorld();
  const places = choosePlaces(world, options);
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, 'dataset.json'), '{ "unfinished": true }\n');
  const mask = Buffer.from(world.coverage.map(c => (c >= 0.5 ? 255 : 0)));
  const pairs = `${paired} pairs and ${holdout} held-out pairs`;
  console.log(`Writing ${count} satellite crops, ${count} map tiles, ${pairs} of ${size} px …`);
  await writeAll(out, 'a', world.satellite, 3, places.a, size);
  await writeAll(out, 'b', world.map, 3, places.b, size);
  if (paired > 0) {
    await writeAll(out, 'paired/satellite', world.satellite, 3, places.paired, size);
    await writeAll(out, 'paired/map', world.map, 3, places.paired, size);
  }
  await writeAll(out, 'holdout/satellite', world.satellite, 3, places.holdout, size);
  await writeAll(out, 'holdout/map', world.map, 3, places.holdout, size);
  await writeAll(out, 'holdout/mask', mask, 1, places.holdout, size);
  const landShares = Object.fromEntries(
    Object.entries(places).map(([k, v]) => [k, v.length === 0 ? 0 : landShare(world.coverage, v, size)]),
  );
  const summary = {
    parameters: { size, count, paired, holdout, seed, maxLatitude, heldOutLongitudes: HELD_OUT },
    sources: {
      satellite: 'NASA Blue Marble, earth-blue-marble.jpg of three-globe 2.45.2 (public domain)',
      relief: 'NASA topography, earth-topology.png of three-globe 2.45.2 (public domain)',
      land: 'Natural Earth 1:10m land, land-10m.json of world-atlas 2.0.2 (public domain)',
    },
    mask: '255 is land, 0 is water',
    landShares,
    places: Object.fromEntries(Object.entries(places).map(([name, its]) => [name, listed(its, size)])),
  };
  writeFileSync(join(out, 'dataset.json'), `${JSON.stringify(summary, null, 1)}\n`);
  console.log(`Share of land: a ${landShares.a}, b ${landShares.b}, held out ${landShares.holdout}.\nWrote ${out}`);
}

/** Runs the command with its arguments; prints usage errors and sets the exit code. */
export async function main(argv) {
  try {
    const options = resolveOptions(argv);
    if (options.help) console.log(HELP);
    else await build(options);
  } catch (error) {
    if (!(error instanceof RangeError) && !error.code?.startsWith('ERR_PARSE_ARGS')) throw error;
    console.error(`${error.message}\n\n${HELP}`);
    process.exitCode = 2;
  }
}
