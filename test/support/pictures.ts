/** Pictures and image files for tests: deterministic, colourful, small. Not fixtures: everything is made on the spot. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { beforeAll, onTestFinished } from 'vitest';
import type { Picture } from '../../src/image/index.js';

/** A folder that is removed when the running test ends. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cyclebox-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A folder for all tests of a file or block, removed after them; its path is there from the first `beforeAll` behind this on. */
export function sharedFolder(): { readonly path: string } {
  const shared = { path: '' };
  beforeAll(async () => {
    shared.path = await mkdtemp(join(tmpdir(), 'cyclebox-test-'));
    return () => rm(shared.path, { recursive: true, force: true });
  });
  return shared;
}

/** Smooth colour ramps with some structure, so that lossy formats come close and rotations are told apart. */
export function testRgb(width: number, height: number): Uint8Array {
  const rgb = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * 3;
      rgb[at] = Math.round((255 * (x + 0.5)) / width);
      rgb[at + 1] = Math.round((255 * (y + 0.5)) / height);
      rgb[at + 2] = Math.round(128 + 60 * Math.sin(x / 9 + y / 13));
    }
  return rgb;
}

export function testPicture(width: number, height: number, options: { alpha?: boolean } = {}): Picture {
  const rgb = testRgb(width, height);
  if (!options.alpha) return { width, height, rgb, format: 'png' };
  // Nowhere fully transparent: what is hidden there would not come back as it was.
  const alpha = Uint8Array.from({ length: width * height }, (_, i) => 1 + ((i * 7) % 255));
  return { width, height, rgb, alpha, format: 'png' };
}

/** The test picture as a sharp image, ready for `.jpeg()` and its siblings. */
export function testSharp(width = 48, height = 32): Sharp {
  return sharp(testRgb(width, height), { raw: { width, height, channels: 3 } });
}

/** Largest difference between two arrays of equal length; Infinity when the lengths differ. */
export function maxDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let worst = 0;
  for (let i = 0; i < a.length; i++) worst = Math.max(worst, Math.abs((a[i] ?? 0) - (b[i] ?? 0)));
  return worst;
}
