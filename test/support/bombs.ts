/** Small files that ask whoever reads them for gigabytes or hours: of pixels, of colour profiles, of texts, of fields. */
import { crc32, deflateSync } from 'node:zlib';
import { tiffBytes } from './tiff-bytes.js';

/** So many bytes are what each of the inflating ones inflates to. */
const inflatedBytes = 300e6;

/** By name with its ending. */
export function bombs(): Readonly<Record<string, Buffer>> {
  const inflating = deflateSync(Buffer.alloc(inflatedBytes), { level: 9 });
  return {
    'pixels.png': png(16_000, 16_000),
    'pixels.tif': tiffBytes({ directories: [greyTiff(60_000, new Uint8Array(64), 8)] }),
    'more-than-its-pixels.png': png(8, 8, [], inflating),
    'more-than-its-pixels.tif': tiffBytes({ directories: [greyTiff(8, inflating, 8)] }),
    'profile.png': png(8, 8, [chunk('iCCP', Buffer.concat([Buffer.from('profile\0\0'), inflating]))]),
    'text.png': png(8, 8, [chunk('zTXt', Buffer.concat([Buffer.from('Raw profile type exif\0\0'), inflating]))]),
    'xmp.png': png(8, 8, [xmpChunk(inflating, true)]),
    'xmp-never-closed.png': png(8, 8, [
      xmpChunk(Buffer.from(`<x:xmpmeta>${'<xmp:Thumbnails>'.repeat(200_000)}`), false),
    ]),
    'fields.tif': fieldsWithoutEnd(),
    'directories.tif': directoriesInACircle(),
  };
}

/** A valid greyscale PNG, all black, of a thousandth of its pixels in bytes. */
function png(
  width: number,
  height: number,
  chunks: readonly Buffer[] = [],
  pixels: Buffer = deflateSync(Buffer.alloc((width + 1) * height), { level: 9 }),
): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 0, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const end = chunk('IEND', Buffer.alloc(0));
  return Buffer.concat([signature, chunk('IHDR', header), ...chunks, chunk('IDAT', pixels), end]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  framed.set(body, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}

function xmpChunk(packet: Buffer, isDeflated: boolean): Buffer {
  const head = Buffer.from(`XML:com.adobe.xmp\0${isDeflated ? '\x01' : '\0'}\0\0\0`, 'latin1');
  return chunk('iTXt', Buffer.concat([head, packet]));
}

/** @param compression TIFF's number: 1 for none, 8 for deflate */
function greyTiff(side: number, strip: Uint8Array, compression: number) {
  const size = [
    [256, 4, [side]],
    [257, 4, [side]],
    [278, 4, [side]],
  ] as const;
  const kind = [
    [258, 3, [8]],
    [259, 3, [compression]],
    [262, 3, [1]],
    [277, 3, [1]],
  ] as const;
  return { fields: [...size, ...kind], strip };
}

/** The number of values of its first field is as large as a number can be. */
function fieldsWithoutEnd(): Buffer {
  const tiff = tiffBytes({ directories: [greyTiff(8, new Uint8Array(64), 1)] });
  tiff.writeUInt32LE(0xffffffff, tiff.readUInt32LE(4) + 2 + 4);
  return tiff;
}

/** The directory names itself as the next. */
function directoriesInACircle(): Buffer {
  const tiff = tiffBytes({ directories: [greyTiff(8, new Uint8Array(64).fill(7), 1)] });
  const at = tiff.readUInt32LE(4);
  tiff.writeUInt32LE(at, at + 2 + tiff.readUInt16LE(at) * 12);
  return tiff;
}
