/**
 * Cuts the pictures under samples/ out of the held-out strip: what the demo drops into the inbox.
 * Run once by hand (`npm run samples` here); its outputs are committed. Formats and sizes differ on purpose.
 * What must stay true: nothing from outside 60-100 degrees east, so that no model has seen a sample in training.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { HELD_OUT, toX, toY, WORLD } from './places.mjs';
import { buildWorld } from './world.mjs';

/** File, middle in degrees [east, north], width and height in pixels. */
const SATELLITE = [
  ['sri-lanka.jpg', [79.5, 10], 256, 256],
  ['indus-delta.jpg', [74.5, 24], 320, 240],
  ['ganges-delta.png', [88, 20.5], 256, 192],
  ['sumatra.webp', [92, 6], 180, 256],
  ['karakoram.jpg', [75, 36], 256, 256],
  ['lake-balkhash.jpg', [76, 46], 301, 131],
  ['malabar-coast.jpg', [73, 14], 192, 288],
];
const MAP = [
  ['southern-india.png', [79, 13], 256, 256],
  ['makran-coast.png', [72, 24], 256, 192],
  ['bay-of-bengal.png', [88, 18], 256, 256],
  ['himalaya.png', [83, 31], 320, 192],
];

async function cut(folder, pixels, [file, [east, north], width, height]) {
  const left = Math.round(toX(east) - width / 2);
  const top = Math.round(toY(north) - height / 2);
  if (left < toX(HELD_OUT.west) || left + width > toX(HELD_OUT.east)) {
    throw new RangeError(`${file} reaches out of the held-out strip: move its middle or make it narrower.`);
  }
  const image = sharp(pixels, { raw: { ...WORLD, channels: 3 } }).extract({ left, top, width, height });
  await image.jpeg({ quality: 90, force: false }).webp({ quality: 90, force: false }).toFile(join(folder, file));
}

const samples = join(import.meta.dirname, '../../samples');
const world = await buildWorld();
for (const [name, pixels, list] of [
  ['satellite-to-map', world.satellite, SATELLITE],
  ['map-to-satellite', world.map, MAP],
]) {
  mkdirSync(join(samples, name), { recursive: true });
  for (const sample of list) await cut(join(samples, name), pixels, sample);
}
