/**
 * Puts a picture's metadata into its encoded file, beside the coded pixels, which stay as they are: EXIF, XMP and the density
 * in each container's own way. AVIF's container is left to the encoder (see `encode.ts`).
 *
 * JFIF 1.02 and CIPA DC-008 (EXIF in JPEG), PNG third edition (eXIf, pHYs, iTXt), WebP container, TIFF 6.0.
 */
import type { ImageFormat, Picture, PictureMetadata, TiffField } from '../picture/index.js';
import { pngChunk, withPngChunks } from './png-chunks.js';
import { bytesField, directoryTree, longField, rationalField, shortField } from './tiff-block.js';
import { tiffTags as tag } from './tiff-tags.js';

type Size = Pick<Picture, 'width' | 'height'>;

/** The picture that is described. */
export interface EmbedInto extends Size {
  /** Default true. */
  readonly isSrgb?: boolean;
}

export function embedMetadata(
  bytes: Buffer,
  format: Exclude<ImageFormat, 'avif'>,
  metadata: PictureMetadata,
  size: EmbedInto,
): Buffer {
  switch (format) {
    case 'jpeg':
      return intoJpeg(bytes, metadata, size);
    case 'png':
      return intoPng(bytes, metadata, size);
    case 'webp':
      return intoWebp(bytes, metadata, size);
    case 'tiff':
      return intoTiff(bytes, metadata, size);
    default:
      return format satisfies never;
  }
}

/** What of the metadata has no place in this format, or holds no more at this size. */
export function homelessMetadata(metadata: PictureMetadata, format: ImageFormat, size: Size): readonly string[] {
  if (metadata.geo.length === 0) return [];
  if (!isOfSize(metadata, size)) return ['its place on the earth (GeoTIFF) was left out, since its size has changed'];
  return format === 'tiff' ? [] : [`its place on the earth (GeoTIFF) was left out, since ${format} has no room for it`];
}

function isOfSize({ size }: PictureMetadata, { width, height }: Size): boolean {
  return size.width === width && size.height === height;
}

/** EXIF's block, which is a TIFF without pixels. Undefined where there is nothing to say. */
function exifBlock(metadata: PictureMetadata, size: EmbedInto): Buffer | undefined {
  const { main, exif, gps, density } = metadata;
  if (main.length + exif.length + gps.length === 0 && density === undefined) return undefined;
  const head = Buffer.from([0x49, 0x49, 0x2a, 0, 8, 0, 0, 0]);
  const below = new Map([[tag.exif, exifFields(exif, size)] as const, [tag.gps, gps] as const]);
  return Buffer.concat([head, directoryTree([...main, ...resolution(density)], below, 8)]);
}

function exifFields(exif: readonly TiffField[], { width, height, isSrgb = true }: EmbedInto): readonly TiffField[] {
  // Of the colours, the profile speaks; and the size as it is now.
  return [...exif, shortField(40_961, isSrgb ? 1 : 65_535), longField(40_962, width), longField(40_963, height)];
}

function resolution(density: number | undefined): readonly TiffField[] {
  return density === undefined ? [] : [rationalField(282, density), rationalField(283, density), shortField(296, 2)];
}

const mostInSegment = 65_533;

function intoJpeg(bytes: Buffer, metadata: PictureMetadata, size: EmbedInto): Buffer {
  const exif = exifBlock(metadata, size);
  const parts = [
    metadata.density === undefined ? undefined : jfif(metadata.density),
    exif && segment(0xe1, Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), exif])),
    metadata.xmp === undefined
      ? undefined
      : segment(0xe1, Buffer.from(`http://ns.adobe.com/xap/1.0/\0${metadata.xmp}`, 'utf8')),
  ];
  return Buffer.concat([bytes.subarray(0, 2), ...parts.filter(part => part !== undefined), bytes.subarray(2)]);
}

/** Undefined where it does not fit into a segment. */
function segment(marker: number, content: Buffer): Buffer | undefined {
  if (content.length > mostInSegment) return undefined;
  return Buffer.concat([Buffer.from([0xff, marker, (content.length + 2) >> 8, (content.length + 2) & 255]), content]);
}

function jfif(density: number): Buffer | undefined {
  const content = Buffer.from('JFIF\0\x01\x02\x01\0\0\0\0\0\0', 'latin1');
  content.writeUInt16BE(Math.min(65_535, Math.round(density)), 8);
  content.writeUInt16BE(Math.min(65_535, Math.round(density)), 10);
  return segment(0xe0, content);
}

function intoPng(bytes: Buffer, metadata: PictureMetadata, size: EmbedInto): Buffer {
  const exif = exifBlock(metadata, size);
  const { density, xmp } = metadata;
  const added = [
    ...(density === undefined ? [] : [pngChunk('pHYs', pixelsPerMetre(density))]),
    ...(exif ? [pngChunk('eXIf', exif)] : []),
    ...(xmp === undefined ? [] : [pngChunk('iTXt', Buffer.from(`XML:com.adobe.xmp\0\0\0\0\0${xmp}`, 'utf8'))]),
  ];
  return withPngChunks(bytes, added, new Set(density === undefined ? [] : ['pHYs']));
}

function pixelsPerMetre(density: number): Buffer {
  const content = Buffer.alloc(9);
  content.writeUInt32BE(Math.round(density / 0.0254), 0);
  content.writeUInt32BE(Math.round(density / 0.0254), 4);
  content[8] = 1;
  return content;
}

/** The encoder has written the extended header already, for the sake of the colour profile. */
function intoWebp(bytes: Buffer, metadata: PictureMetadata, size: EmbedInto): Buffer {
  if (bytes.toString('latin1', 12, 16) !== 'VP8X') return bytes;
  const exif = exifBlock(metadata, size);
  const added = [
    ...(exif ? [riffChunk('EXIF', exif)] : []),
    ...(metadata.xmp === undefined ? [] : [riffChunk('XMP ', Buffer.from(metadata.xmp, 'utf8'))]),
  ];
  const whole = Buffer.concat([bytes, ...added]);
  whole[20] = whole[20]! | (exif ? 0x08 : 0) | (metadata.xmp === undefined ? 0 : 0x04);
  whole.writeUInt32LE(whole.length - 8, 4);
  return whole;
}

function riffChunk(name: string, content: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.write(name, 'latin1');
  head.writeUInt32LE(content.length, 4);
  return Buffer.concat([head, content, Buffer.alloc(content.length % 2)]);
}

/** The directory is written once more at the end, with more fields. */
function intoTiff(bytes: Buffer, metadata: PictureMetadata, size: EmbedInto): Buffer {
  if (bytes.toString('latin1', 0, 2) !== 'II') return bytes;
  const at = bytes.length + (bytes.length % 2);
  const directory = describedDirectory(bytes.subarray(bytes.readUInt32LE(4)), metadata, size, at);
  const whole = Buffer.concat([bytes, Buffer.alloc(at - bytes.length), directory]);
  whole.writeUInt32LE(at, 4);
  return whole;
}

/** A file that is open for both. */
export interface TiffOnDisk {
  readonly size: number;
  read(offset: number, length: number): Promise<Buffer>;
  write(offset: number, bytes: Buffer): Promise<void>;
}

/**
 * As `embedMetadata`, but where the file lies: for TIFFs that are too large to be held.
 * @returns whether it is one whose places have four bytes, and has room for more; else it stays as it was
 */
export async function embedIntoTiff(file: TiffOnDisk, metadata: PictureMetadata, size: EmbedInto): Promise<boolean> {
  const head = await file.read(0, 8);
  if (head.readUInt32LE(0) !== 0x002a4949) return false;
  const directory = await file.read(head.readUInt32LE(4), longestDirectory);
  const at = file.size + (file.size % 2);
  const described = (place: number) => describedDirectory(directory, metadata, size, place);
  if (at + described(0).length >= 2 ** 32) return false;
  await file.write(at, described(at));
  const place = Buffer.alloc(4);
  place.writeUInt32LE(at);
  await file.write(4, place);
  return true;
}

/** Far more than our own encoders write. */
const longestDirectory = 2 + 64 * 12;

/** @param directory the one that is there, with whatever follows it @param at where the other will lie */
function describedDirectory(directory: Buffer, metadata: PictureMetadata, size: EmbedInto, at: number): Buffer {
  const { main, exif, gps, geo, xmp, density } = metadata;
  const packet = xmp === undefined ? [] : [bytesField(700, 1, Buffer.from(xmp, 'utf8'))];
  const place = isOfSize(metadata, size) ? geo : [];
  const added = [...main, ...place, ...packet, ...resolution(density)];
  const replaced = new Set(added.map(field => field.tag));
  const below = new Map([[tag.exif, exif.length > 0 ? exifFields(exif, size) : []] as const, [tag.gps, gps] as const]);
  const present = entriesOf(directory).filter(field => !replaced.has(field.tag));
  return directoryTree([...present, ...added], below, at);
}

/** Fields of a little-endian directory, with their values, or the place of them, in four bytes. */
function entriesOf(directory: Buffer): readonly TiffField[] {
  return Array.from({ length: directory.readUInt16LE(0) }, (_, i) => {
    const entry = directory.subarray(2 + i * 12, 14 + i * 12);
    return {
      tag: entry.readUInt16LE(0),
      type: entry.readUInt16LE(2),
      count: entry.readUInt32LE(4),
      data: Buffer.from(entry.subarray(8, 12)),
    };
  });
}
