/**
 * Images for judging translations: scenes of a few coloured boxes, the same scenes in another style, and what goes wrong
 * with translations, made on purpose. Deterministic; nothing here is a photograph.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Random } from '../../src/base/index.js';
import { encodeImage, type ImageFormat } from '../../src/image/index.js';
import { type Planes, pictureOf } from '../../src/training/index.js';

/** A ground that gets lighter towards the right, boxes of any colour, and a little grain. Values in [-0.9, 0.9]. */
export function scene(seed: number, side = 64): Planes {
  const random = new Random(seed);
  const data = new Float32Array(3 * side * side);
  const ground = colour(random);
  eachPixel(side, (x, y, at) => {
    for (let c = 0; c < 3; c++) data[c * side * side + at] = ground[c]! * 0.7 + (0.4 * x) / side - 0.2 + 0.02 * (y % 3);
  });
  for (let box = 0; box < 5; box++) paintBox(data, side, random);
  return { width: side, height: side, data: data.map(value => clip(value + 0.03 * random.normal())) };
}

/** The style of the other domain: broad stripes across the whole image. */
export function striped(image: Planes): Planes {
  return changed(image, (value, x, y) => value * 0.5 + (Math.floor((x + y) / 5) % 2 === 0 ? 0.35 : -0.35));
}

/** Every value anew, from its own and its place. */
export function changed(image: Planes, change: (value: number, x: number, y: number) => number): Planes {
  const { width, height, data } = image;
  const area = width * height;
  return {
    width,
    height,
    data: data.map((value, at) => clip(change(value, at % width, Math.floor((at % area) / width)))),
  };
}

/** Writes images as `000.png` and so on into a folder that is made, and returns the paths. */
export async function writeImages(
  folder: string,
  images: readonly Planes[],
  { format = 'png', quality }: { readonly format?: ImageFormat; readonly quality?: number } = {},
): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const options = { format, ...(quality !== undefined && { quality }) };
  return Promise.all(
    images.map(async (image, index) => {
      const path = join(folder, `${String(index).padStart(3, '0')}.${format}`);
      await writeFile(path, await encodeImage(pictureOf(image), options));
      return path;
    }),
  );
}

/** `count` scenes, none of them of another range of seeds. */
export function scenes(count: number, firstSeed: number, side = 64): Planes[] {
  return Array.from({ length: count }, (_, index) => scene(firstSeed + index, side));
}

function paintBox(data: Float32Array, side: number, random: Random): void {
  const [left, top] = [random.integer(side - 8), random.integer(side - 8)];
  const [width, height] = [8 + random.integer(side >> 2), 8 + random.integer(side >> 2)];
  const fill = colour(random);
  eachPixel(side, (x, y, at) => {
    if (x < left || y < top || x >= left + width || y >= top + height) return;
    for (let c = 0; c < 3; c++) data[c * side * side + at] = fill[c]!;
  });
}

function eachPixel(side: number, visit: (x: number, y: number, at: number) => void): void {
  for (let y = 0; y < side; y++) for (let x = 0; x < side; x++) visit(x, y, y * side + x);
}

function colour(random: Random): readonly number[] {
  return [0, 1, 2].map(() => 1.6 * random.uniform() - 0.8);
}

function clip(value: number): number {
  return Math.min(0.9, Math.max(-0.9, value));
}
