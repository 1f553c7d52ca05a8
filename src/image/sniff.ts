/**
 * Tells what a file is from its first bytes, never from its name. An allow-list: what is not recognised here never
 * reaches a decoder, so that an SVG or PDF called `.png` cannot start the loader that its content asks for.
 */
import type { ImageFormat } from './picture.js';

/** How many bytes `sniffFormat` and `describeContent` look at, at most. */
export const sniffBytes = 512;

const ascii = (bytes: Uint8Array, start: number, end: number): string =>
  String.fromCharCode(...bytes.subarray(start, end));

const startsWith = (bytes: Uint8Array, magic: readonly number[]): boolean =>
  bytes.length >= magic.length && magic.every((byte, index) => bytes[index] === byte);

const jpeg = [0xff, 0xd8, 0xff];
const png = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const tiffs = [
  [0x49, 0x49, 0x2a, 0x00],
  [0x4d, 0x4d, 0x00, 0x2a],
  [0x49, 0x49, 0x2b, 0x00],
  [0x4d, 0x4d, 0x00, 0x2b],
];

/** The format that the first bytes of a file promise, or undefined when it is none that cyclebox reads. */
export function sniffFormat(bytes: Uint8Array): ImageFormat | undefined {
  if (startsWith(bytes, jpeg)) return 'jpeg';
  if (startsWith(bytes, png)) return 'png';
  if (tiffs.some(magic => startsWith(bytes, magic))) return 'tiff';
  if (ascii(bytes, 0, 4) === 'RIFF' && ascii(bytes, 8, 12) === 'WEBP') return 'webp';
  if (brands(bytes).some(brand => brand === 'avif' || brand === 'avis')) return 'avif';
  return undefined;
}

/** Major and compatible brands of an ISO media file (AVIF, HEIC, MP4), empty for anything else. */
function brands(bytes: Uint8Array): string[] {
  if (ascii(bytes, 4, 8) !== 'ftyp' || bytes.length < 12) return [];
  const end = Math.min(boxBytes(bytes), bytes.length, sniffBytes);
  const found = [ascii(bytes, 8, 12)];
  for (let at = 16; at + 4 <= end; at += 4) found.push(ascii(bytes, at, at + 4));
  return found;
}

const boxBytes = (bytes: Uint8Array): number =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0);

/** True for an empty file and for one that ends before it can be told what it is: it was probably cut off. */
export function isCutOffBeforeMagic(bytes: Uint8Array): boolean {
  const start = [...bytes.subarray(0, sniffBytes)];
  if ([jpeg, png, ...tiffs].some(magic => start.length < magic.length && start.every((byte, i) => byte === magic[i])))
    return true;
  if (start.length < 12 && 'RIFF'.startsWith(ascii(bytes, 0, 4))) return 'WEBP'.startsWith(ascii(bytes, 8, 12));
  if (start.length < 8) return start[0] === 0 && 'ftyp'.startsWith(ascii(bytes, 4, 8));
  return ascii(bytes, 4, 8) === 'ftyp' && boxBytes(bytes) > start.length && boxBytes(bytes) <= sniffBytes;
}

/** What a refused file seems to be, for the error message: `an SVG drawing`, `a text file`, `of no known kind`. */
export function describeContent(bytes: Uint8Array): string {
  const text = ascii(bytes, 0, sniffBytes);
  if (/^(?:\xef\xbb\xbf)?\s*(?:<\?xml|<!--|<!DOCTYPE svg|<svg)/i.test(text) && /<svg|<\?xml/i.test(text))
    return 'an SVG or XML document';
  if (text.startsWith('GIF8')) return 'a GIF image';
  if (text.startsWith('%PDF')) return 'a PDF document';
  if (text.startsWith('BM')) return 'a BMP image';
  if (text.startsWith('PK\x03\x04')) return 'a ZIP archive';
  if (startsWith(bytes, [0xff, 0x0a]) || text.slice(4, 8) === 'JXL ') return 'a JPEG XL image';
  if (text.slice(4, 8) === 'jP  ') return 'a JPEG 2000 image';
  const iso = brands(bytes);
  if (iso.some(brand => /^(?:heic|heix|heim|heis|hevc|hevx|mif1|msf1)$/.test(brand)))
    return 'a HEIC image, which needs a licensed decoder; export it as JPEG or AVIF';
  if (iso.length > 0) return 'a video or other media file';
  if (bytes.length > 0 && !bytes.subarray(0, sniffBytes).some(byte => byte < 9 || (byte > 13 && byte < 32)))
    return 'a text file';
  return 'of no known kind';
}
