/**
 * Tells what a file is from its first bytes, never from its name. An allow-list: what is not on it never reaches a decoder,
 * so that an SVG or PDF called `.png` cannot start the loader that its content asks for. Whether a TIFF holds a camera's raw
 * data is not decided here (see `tiff-content.ts`): the first bytes do not always say.
 */
import { fileTypeFromBuffer } from 'file-type';
import type { ImageFormat } from '../picture/index.js';

/** How many bytes the functions here look at, at most: what `file-type` asks for. */
export const kindBytes = 4100;

const allowed: Readonly<Record<string, ImageFormat>> = {
  'image/jpeg': 'jpeg',
  'image/png': 'png',
  'image/apng': 'png',
  'image/webp': 'webp',
  'image/avif': 'avif',
  'image/tiff': 'tiff',
};

const latin1 = (bytes: Uint8Array, start: number, end: number): string =>
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
export async function imageFormatOf(start: Uint8Array): Promise<ImageFormat | undefined> {
  // `file-type` looks further into these two than their first bytes may reach.
  if (tiffs.some(magic => startsWith(start, magic))) return 'tiff';
  if (startsWith(start, png)) return 'png';
  const mime = await mimeOf(start);
  if (mime === 'image/heif' && brands(start).some(brand => brand === 'avif' || brand === 'avis')) return 'avif';
  return mime === undefined ? undefined : allowed[mime];
}

/** True for an empty file and for one that ends before it can be told what it is: it was probably cut off. */
export function isCutOffBeforeMagic(start: Uint8Array): boolean {
  const bytes = [...start.subarray(0, 512)];
  if ([jpeg, png, ...tiffs].some(magic => bytes.length < magic.length && bytes.every((byte, i) => byte === magic[i])))
    return true;
  if (bytes.length < 12 && 'RIFF'.startsWith(latin1(start, 0, 4))) return 'WEBP'.startsWith(latin1(start, 8, 12));
  if (bytes.length < 8) return bytes[0] === 0 && 'ftyp'.startsWith(latin1(start, 4, 8));
  // Such a file was given its size before its content.
  if (bytes.every(byte => byte === 0)) return true;
  return latin1(start, 4, 8) === 'ftyp' && boxBytes(start) > bytes.length && boxBytes(start) <= 512;
}

/** Camera raw files that are no TIFF, by what `file-type` calls them. */
const raws: Readonly<Record<string, string>> = {
  'image/x-canon-cr3': 'CR3',
  'image/x-olympus-orf': 'ORF',
  'image/x-panasonic-rw2': 'RW2',
  'image/x-fujifilm-raf': 'RAF',
};

/** Those that it does not know, or not all of: how they begin, with the place where that stands. */
const otherRaws: readonly (readonly [name: string, at: number, magic: string])[] = [
  ['ORF', 0, 'IIRO'],
  ['ORF', 0, 'IIRS'],
  ['ORF', 0, 'MMOR'],
  ['MRW', 0, '\0MRM'],
  ['X3F', 0, 'FOVb'],
  ['CRW', 6, 'HEAPCCDR'],
];

/** The camera raw format that the first bytes belong to, such as `RAF`, if any that is not built on TIFF. */
export async function rawFormatOf(start: Uint8Array): Promise<string | undefined> {
  const other = otherRaws.find(([, at, magic]) => latin1(start, at, at + magic.length) === magic);
  return other?.[0] ?? raws[(await mimeOf(start)) ?? ''];
}

/** What a refused file seems to be, for the error message: `an SVG or XML document`, `a text file`, `of no known kind`. */
export async function describeContent(start: Uint8Array): Promise<string> {
  const text = latin1(start, 0, 512);
  if (/^(?:\xef\xbb\xbf)?\s*(?:<\?xml|<!--|<!DOCTYPE svg|<svg)/i.test(text) && /<svg|<\?xml/i.test(text))
    return 'an SVG or XML document';
  const mime = await mimeOf(start);
  if (mime !== undefined) return describeMime(mime);
  const isText = start.length > 0 && !start.subarray(0, 512).some(byte => byte < 9 || (byte > 13 && byte < 32));
  return isText ? 'a text file' : 'of no known kind';
}

function describeMime(mime: string): string {
  if (/^image\/hei[cf]/.test(mime)) return 'a HEIC image, which needs a licensed decoder; export it as JPEG or AVIF';
  if (mime === 'application/pdf') return 'a PDF document';
  if (mime === 'application/zip') return 'a ZIP archive';
  const [kind, name = ''] = mime.split('/');
  const word = name.replace(/^(?:x-|vnd\.)+/, '').toUpperCase();
  switch (kind) {
    case 'image':
      return `an image of the kind ${word}`;
    case 'video':
      return `a video (${word})`;
    case 'audio':
      return `a sound file (${word})`;
    default:
      return `a file of the kind ${mime}`;
  }
}

/** Undefined for what `file-type` does not know, and for what breaks off while it looks. */
async function mimeOf(start: Uint8Array): Promise<string | undefined> {
  const found = await fileTypeFromBuffer(start.subarray(0, kindBytes)).catch(() => undefined);
  return found?.mime;
}

/** Major and compatible brands of an ISO media file (AVIF, HEIC, MP4), empty for anything else. */
function brands(bytes: Uint8Array): string[] {
  if (latin1(bytes, 4, 8) !== 'ftyp' || bytes.length < 12) return [];
  const end = Math.min(boxBytes(bytes), bytes.length, 512);
  const found = [latin1(bytes, 8, 12)];
  for (let at = 16; at + 4 <= end; at += 4) found.push(latin1(bytes, at, at + 4));
  return found;
}

const boxBytes = (bytes: Uint8Array): number =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0);
