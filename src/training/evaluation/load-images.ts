/**
 * Image files as squares of one size: the shorter side is scaled to it, and of the longer one the middle is taken. A file
 * that is no readable image is handed back by name and stops nothing.
 */
import { decodeImage, type Picture, resizePicture } from '../../image/index.js';
import { reasonOf } from '../data/index.js';
import { type Planes, planesOf } from './planes.js';

export interface SkippedImage {
  readonly file: string;
  /** Goes on after the name: `is a text file`. */
  readonly reason: string;
}

export interface ImageSet {
  /** Paths of the images that could be read. */
  readonly files: readonly string[];
  readonly images: readonly Planes[];
  readonly skipped: readonly SkippedImage[];
}

/** Files that are read at a time: decoding runs in threads of its own. */
const concurrency = 4;

export async function loadImages(files: readonly string[], size: number): Promise<ImageSet> {
  const images: Planes[] = [];
  const read: string[] = [];
  const skipped = await eachImage(files, size, (image, file) => {
    images.push(image);
    read.push(file);
  });
  return { files: read, images, skipped };
}

/** Hands every readable image to `take`, in the order of the files. @returns the others */
export async function eachImage(
  files: readonly string[],
  size: number,
  take: (image: Planes, file: string) => void,
): Promise<readonly SkippedImage[]> {
  const skipped: SkippedImage[] = [];
  for (let first = 0; first < files.length; first += concurrency) {
    const some = files.slice(first, first + concurrency);
    const results = await Promise.all(some.map(file => loadImage(file, size)));
    for (const [index, result] of results.entries()) {
      if ('reason' in result) skipped.push(result);
      else take(result, some[index]!);
    }
  }
  return skipped;
}

/** The size to measure at: 256, or the shorter side that half of the images have or exceed, as a multiple of 4. */
export async function sensibleSize(files: readonly string[]): Promise<number> {
  const sides: number[] = [];
  for (const file of files.slice(0, sampled)) {
    const picture = await decodeImage(file).catch(() => undefined);
    if (picture) sides.push(Math.min(picture.width, picture.height));
  }
  const middle = sides.sort((a, b) => a - b)[Math.floor(sides.length / 2)] ?? usualSize;
  return Math.max(smallestSize, Math.min(usualSize, 4 * Math.floor(middle / 4)));
}

const usualSize = 256;
/** Below this side, measures have too little to go by. */
export const smallestSize = 32;
const sampled = 15;

async function loadImage(file: string, size: number): Promise<Planes | SkippedImage> {
  try {
    return planesOf(await squareOf(await decodeImage(file), size));
  } catch (error) {
    return { file, reason: reasonOf(error, file) };
  }
}

/** @param size in pixels */
export async function squareOf(picture: Picture, size: number): Promise<Picture> {
  const scale = size / Math.min(picture.width, picture.height);
  const [width, height] = [Math.round(picture.width * scale), Math.round(picture.height * scale)];
  const scaled = await resizePicture(picture, width, height);
  const [left, top] = [(width - size) >> 1, (height - size) >> 1];
  const rgb = new Uint8Array(3 * size * size);
  for (let y = 0; y < size; y++) {
    const from = 3 * ((top + y) * width + left);
    rgb.set(scaled.rgb.subarray(from, from + 3 * size), 3 * y * size);
  }
  return { width: size, height: size, rgb, format: picture.format };
}
