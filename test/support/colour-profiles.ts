/** Colour profiles as cameras and image editors embed them: two of libvips's, and one written here by the specification. */
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { pngChunk, withPngChunks } from '../../src/image/png-chunks.js';

export type ProfileName = 'srgb' | 'p3' | 'adobe' | 'cmyk';

export async function colourProfile(name: ProfileName): Promise<Buffer> {
  if (name === 'adobe') return adobeRgb();
  const dot = sharp({ create: { width: 1, height: 1, channels: 3, background: 'white' } }).withIccProfile(name);
  return (await sharp(await dot.tiff().toBuffer()).metadata()).icc!;
}

/** A PNG that says its values are of that space; none of them changes. */
export function withIcc(png: Buffer, icc: Uint8Array): Buffer {
  const content = Buffer.concat([Buffer.from('icc\0\0', 'latin1'), deflateSync(icc)]);
  return withPngChunks(png, [pngChunk('iCCP', content)], new Set(['iCCP']));
}

/** Adobe RGB (1998): its primaries under D50, and a gamma of 563/256 (ICC.1:2001-04, as Adobe's own file has it). */
export function adobeRgb(): Buffer {
  const gamma = Buffer.concat([Buffer.from('curv\0\0\0\0\0\0\0\x01', 'latin1'), Buffer.from([0x02, 0x33, 0, 0])]);
  const tags: readonly (readonly [string, Buffer])[] = [
    ['desc', description('Adobe RGB (1998)')],
    ['wtpt', xyz(0.9642, 1, 0.82491)],
    ['rXYZ', xyz(0.60974, 0.31111, 0.01947)],
    ['gXYZ', xyz(0.20528, 0.62567, 0.06087)],
    ['bXYZ', xyz(0.14919, 0.06322, 0.74457)],
    ['rTRC', gamma],
    ['gTRC', gamma],
    ['bTRC', gamma],
  ];
  const table = Buffer.alloc(4 + tags.length * 12);
  table.writeUInt32BE(tags.length, 0);
  let at = 128 + table.length;
  for (const [i, [name, content]] of tags.entries()) {
    table.write(name, 4 + i * 12, 'latin1');
    table.writeUInt32BE(at, 8 + i * 12);
    table.writeUInt32BE(content.length, 12 + i * 12);
    at += content.length;
  }
  const profile = Buffer.concat([header(), table, ...tags.map(([, content]) => content)]);
  profile.writeUInt32BE(profile.length, 0);
  return profile;
}

function header(): Buffer {
  const bytes = Buffer.alloc(128);
  bytes.writeUInt32BE(0x02100000, 8);
  bytes.write('mntrRGB XYZ ', 12, 'latin1');
  bytes.write('acsp', 36, 'latin1');
  xyz(0.9642, 1, 0.82491).copy(bytes, 68, 8);
  return bytes;
}

function xyz(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(20);
  bytes.write('XYZ ', 'latin1');
  for (const [i, value] of values.entries()) bytes.writeInt32BE(Math.round(value * 65_536), 8 + i * 4);
  return bytes;
}

function description(text: string): Buffer {
  const bytes = Buffer.alloc(Math.ceil((12 + text.length + 1 + 78) / 4) * 4);
  bytes.write('desc', 'latin1');
  bytes.writeUInt32BE(text.length + 1, 8);
  bytes.write(text, 12, 'latin1');
  return bytes;
}
