/**
 * A colour profile beside pixels that are in it already. libvips converts whatever it is told to tag, and takes 16-bit
 * values without a profile for Display P3: so pictures that are to stay as they are go to its encoders in a PNG with their profile.
 */
import { deflateSync } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';
import type { Samples } from '../picture/index.js';
import { pngChunk, withPngChunks } from './png-chunks.js';

export interface RawImage {
  readonly data: Samples;
  readonly width: number;
  readonly height: number;
  readonly channels: 3 | 4;
}

/** Ready for any encoder, which writes `profile` and changes no value. */
export async function withProfile({ data, ...raw }: RawImage, profile: Uint8Array): Promise<Sharp> {
  const space = data instanceof Uint16Array ? 'rgb16' : 'srgb';
  const plain = await sharp(data, { raw }).toColourspace(space).png({ compressionLevel: 0 }).toBuffer();
  const content = Buffer.concat([Buffer.from('icc\0\0', 'latin1'), deflateSync(profile)]);
  const tagged = withPngChunks(plain, [pngChunk('iCCP', content)]);
  return sharp(tagged, { limitInputPixels: false }).toColourspace(space).keepIccProfile();
}

let srgb: Promise<Buffer> | undefined;

/** The one of libvips. */
export function srgbProfile(): Promise<Buffer> {
  srgb ??= readSrgbProfile();
  return srgb;
}

async function readSrgbProfile(): Promise<Buffer> {
  const dot = sharp({ create: { width: 1, height: 1, channels: 3, background: 'white' } });
  const { icc } = await sharp(await dot.withIccProfile('srgb').png().toBuffer()).metadata();
  return icc!;
}
