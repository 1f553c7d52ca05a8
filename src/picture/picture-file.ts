/**
 * Pictures as files of raw pixels: the only way a picture goes from one process to another. Not an exchange format;
 * such a file lives for one job, and one that does not match its own header is refused.
 *
 * Layout, little-endian: magic `CYCLEPIX`, u16 version, u8 channels (3 or 4), u8 format (index in `imageFormats`),
 * u32 width, u32 height; then `width * height * 3` bytes of colour, then `width * height` of alpha when channels is 4.
 */
import { closeSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { CycleboxError, readRegularFile, readSmallFileSync, temporaryPathFor } from '../base/index.js';
import { imageFormats, type Picture } from './picture.js';

const magic = Buffer.from('CYCLEPIX', 'ascii');
const version = 1;
const headerBytes = 20;

/** Writes `picture` to `path`: whole or not at all, but not flushed, since a crash redoes the job anyway. */
export async function writePicture(path: string, picture: Picture): Promise<void> {
  const temporary = temporaryPathFor(path);
  try {
    const parts = partsOf(picture);
    if (parts.reduce((sum, part) => sum + part.length, 0) <= smallBytes) writeAtOnce(temporary, path, parts);
    else await writeWaiting(temporary, path, parts);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw new CycleboxError('WRITE_FAILED', `${path} could not be written: ${(error as Error).message}.`, {
      subject: { file: path },
      cause: error,
    });
  }
}

/** @throws CycleboxError FILE_UNREADABLE when it cannot be read, IMAGE_CORRUPT when it is not what `writePicture` wrote */
export async function readPicture(path: string): Promise<Picture> {
  const bytes = await readBytes(path).catch((error: unknown) => {
    throw new CycleboxError('FILE_UNREADABLE', `${path} could not be read: ${(error as Error).message}.`, {
      subject: { file: path },
      cause: error,
    });
  });
  return parse(bytes, path);
}

/**
 * Up to here a picture is written and read without a wait: on two busy cores that took 0.65 ms instead of 1.03 for 256 × 256 pixels,
 * there and back, and 1.6 ms instead of 2.6 for 512 × 512.
 */
const smallBytes = 2 ** 20;

async function readBytes(path: string): Promise<Buffer> {
  return readSmallFileSync(path, smallBytes) ?? (await readRegularFile(path));
}

function writeAtOnce(temporary: string, path: string, parts: readonly Uint8Array[]): void {
  const descriptor = openSync(temporary, 'wx');
  try {
    for (const part of parts) writeFileSync(descriptor, part);
  } finally {
    closeSync(descriptor);
  }
  renameSync(temporary, path);
}

async function writeWaiting(temporary: string, path: string, parts: readonly Uint8Array[]): Promise<void> {
  const handle = await open(temporary, 'wx');
  try {
    for (const part of parts) await handle.writeFile(part);
  } finally {
    await handle.close();
  }
  await rename(temporary, path);
}

function partsOf(picture: Picture): readonly Uint8Array[] {
  return [header(picture), picture.rgb, ...(picture.alpha ? [picture.alpha] : [])];
}

function header({ width, height, rgb, alpha, format }: Picture): Buffer {
  if (rgb.length !== width * height * 3 || (alpha && alpha.length !== width * height))
    throw new Error(`pixel arrays of ${rgb.length} and ${alpha?.length} bytes do not fit ${width} × ${height}`);
  const bytes = Buffer.alloc(headerBytes);
  magic.copy(bytes);
  bytes.writeUInt16LE(version, 8);
  bytes.writeUInt8(alpha ? 4 : 3, 10);
  bytes.writeUInt8(imageFormats.indexOf(format), 11);
  bytes.writeUInt32LE(width, 12);
  bytes.writeUInt32LE(height, 16);
  return bytes;
}

function parse(bytes: Buffer, path: string): Picture {
  const refuse = (why: string) =>
    new CycleboxError('IMAGE_CORRUPT', `${path} is not a picture file of this version: ${why}.`, {
      subject: { file: path },
    });
  if (bytes.length < headerBytes || !bytes.subarray(0, 8).equals(magic)) throw refuse('its header is missing');
  if (bytes.readUInt16LE(8) !== version) throw refuse(`its version is ${bytes.readUInt16LE(8)}, expected ${version}`);
  const channels = bytes.readUInt8(10);
  const format = imageFormats[bytes.readUInt8(11)];
  const width = bytes.readUInt32LE(12);
  const height = bytes.readUInt32LE(16);
  if ((channels !== 3 && channels !== 4) || !format || width === 0 || height === 0) throw refuse('its header is wrong');
  const pixels = width * height;
  if (bytes.length !== headerBytes + pixels * channels)
    throw refuse(`it has ${bytes.length} bytes where ${headerBytes + pixels * channels} are expected`);
  const rgb = bytes.subarray(headerBytes, headerBytes + pixels * 3);
  if (channels === 3) return { width, height, rgb, format };
  return { width, height, rgb, alpha: bytes.subarray(headerBytes + pixels * 3), format };
}
