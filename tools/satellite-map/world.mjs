/**
 * The two pictures of the whole world, 4096 x 2048 each: the satellite's and the map drawn here.
 * Needs this folder's packages. Sources: NASA Blue Marble and topography as shipped by three-globe; Natural Earth's
 * 1:10m land as shipped by world-atlas. What must stay true: same projection, same size, pixel for pixel.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import sharp from 'sharp';
import { feature } from 'topojson-client';
import { toX, toY, WORLD } from './places.mjs';
import { blur, drawMap, hillShade } from './relief.mjs';
import { cutAtAntimeridian, fillEvenOdd } from './rings.mjs';

const require = createRequire(import.meta.url);
const pictures = new URL('node_modules/three-globe/example/img/', import.meta.url);

/** NASA's 8-bit topography runs linearly from 0 to 6400 m. */
const METRES_PER_LEVEL = 6400 / 255;

/** The satellite picture as RGB bytes. */
export function readSatellite() {
  return sharp(readFileSync(new URL('earth-blue-marble.jpg', pictures)))
    .removeAlpha()
    .raw()
    .toBuffer();
}

/** Share 0..1 of land in each pixel. */
export function landCoverage() {
  const atlas = JSON.parse(readFileSync(require.resolve('world-atlas/land-10m.json'), 'utf8'));
  const shapes = feature(atlas, atlas.objects.land);
  const geometries = shapes.type === 'FeatureCollection' ? shapes.features.map(f => f.geometry) : [shapes.geometry];
  const polygons = geometries.flatMap(g => (g.type === 'MultiPolygon' ? g.coordinates : [g.coordinates]));
  const rings = polygons
    .flat()
    .flatMap(cutAtAntimeridian)
    .map(ring => ring.map(([lon, lat]) => [toX(lon), toY(lat)]));
  return fillEvenOdd(rings, WORLD.width, WORLD.height);
}

/** The four Catmull-Rom weights at `t` (0..1) between the second and the third sample. */
const cubic = t => [
  ((2 - t) * t - 1) * t * 0.5,
  ((3 * t - 5) * t * t + 2) * 0.5,
  ((4 - 3 * t) * t + 1) * t * 0.5,
  (t - 1) * t * t * 0.5,
];

/** Twice the width and height, smoothly: each new sample lies a quarter of a pixel beside an old one. */
function doubled(values, width, height) {
  const wide = new Float32Array(values.length * 2);
  const out = new Float32Array(values.length * 4);
  const weights = [cubic(0.75), cubic(0.25)];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width * 2; x++) {
      const first = (x >> 1) - 2 + (x & 1) + width;
      let sum = 0;
      for (let k = 0; k < 4; k++) sum += weights[x & 1][k] * values[y * width + ((first + k) % width)];
      wide[y * width * 2 + x] = sum;
    }
  for (let y = 0; y < height * 2; y++) {
    const first = (y >> 1) - 2 + (y & 1);
    for (let k = 0; k < 4; k++) {
      const row = Math.min(height - 1, Math.max(0, first + k)) * width * 2;
      for (let x = 0; x < width * 2; x++) out[y * width * 2 + x] += weights[y & 1][k] * wide[row + x];
    }
  }
  return out;
}

/** Heights in metres as row-major floats at the source's 2048 x 1024. */
async function readHeights() {
  const file = readFileSync(new URL('earth-topology.png', pictures));
  const { data, info } = await sharp(file).greyscale().raw().toBuffer({ resolveWithObject: true });
  return { metres: Float32Array.from(data, v => v * METRES_PER_LEVEL), width: info.width, height: info.height };
}

/** Everything known of the world: `{ satellite, map }` as RGB bytes, `coverage` 0..1 and `metres`, all 4096 x 2048. */
export async function buildWorld() {
  const coverage = landCoverage();
  const source = await readHeights();
  // The source has steps of 25 m: smooth them for the tints; shade at two scales, for form and for detail.
  const soft = blur(source.metres, source.width, source.height, 0.9);
  const fine = blur(source.metres, source.width, source.height, 0.5);
  const broad = blur(source.metres, source.width, source.height, 2.2);
  const form = hillShade(broad, source.width, source.height, 30);
  const detail = hillShade(fine, source.width, source.height, 16);
  const light = detail.map((v, i) => 1 + (v - 1) * 0.75 + (form[i] - 1) * 0.6);
  const metres = doubled(soft, source.width, source.height);
  const full = { coverage, metres, light: doubled(light, source.width, source.height), ...WORLD };
  return { satellite: await readSatellite(), map: drawMap(full), coverage, metres };
}
