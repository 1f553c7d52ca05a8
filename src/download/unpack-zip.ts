/**
 * Unpacks a zip archive from anywhere into a folder. What must stay true: nothing is written outside the folder, over a
 * file that is there, or beyond the limits, whatever the archive says. Names and sizes are judged before anything is
 * written; links and encrypted entries are refused, and so are two entries of one name; checksums are compared.
 */
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32 } from 'node:zlib';
import { type Entry, openPromise, type ZipFile } from 'yauzl';
import { CycleboxError, systemCodeOf } from '../base/index.js';

export interface UnpackLimits {
  /** Unpacked, in all. */
  readonly maxBytes: number;
  readonly maxFiles: number;
}

/** @param place a file's path below the folder, with `/`, from its path in the archive; undefined leaves it out */
export type PlaceEntry = (name: string) => string | undefined;

interface Placed {
  readonly entry: Entry;
  readonly path: string;
}

/**
 * @returns the paths written, relative to the folder, in the archive's order
 * @throws CycleboxError ARCHIVE_UNSAFE, ARCHIVE_UNREADABLE, WRITE_FAILED; what was written until then stays
 */
export async function unpackZip(
  archive: string,
  folder: string,
  limits: UnpackLimits,
  place: PlaceEntry = name => name,
): Promise<readonly string[]> {
  const zip = await openPromise(archive, { lazyEntries: true, autoClose: false, strictFileNames: true }).catch(error =>
    fail(archive, error),
  );
  try {
    const placed = await plan(archive, zip, limits, place);
    for (const { entry, path } of placed) await unpackEntry(archive, zip, entry, join(folder, path));
    return placed.map(({ path }) => path);
  } finally {
    zip.close();
  }
}

async function plan(
  archive: string,
  zip: ZipFile,
  limits: UnpackLimits,
  place: PlaceEntry,
): Promise<readonly Placed[]> {
  const placed: Placed[] = [];
  const taken = new Set<string>();
  let bytes = 0;
  if (zip.entryCount > limits.maxFiles)
    throw unsafe(archive, `it has ${zip.entryCount} entries, and at most ${limits.maxFiles} are unpacked`);
  try {
    for await (const entry of zip.eachEntry()) {
      judgeEntry(archive, entry);
      bytes += entry.uncompressedSize;
      if (bytes > limits.maxBytes)
        throw unsafe(archive, `it would unpack to more than ${limits.maxBytes} bytes; it may be a zip bomb`);
      const path = entry.fileName.endsWith('/') ? undefined : place(entry.fileName);
      if (path === undefined) continue;
      judgePath(archive, path);
      // Systems that do not tell upper case from lower would write one over the other.
      const key = path.normalize('NFC').toLowerCase();
      if (taken.has(key)) throw unsafe(archive, `it has two files named ${JSON.stringify(path)}`);
      taken.add(key);
      placed.push({ entry, path });
    }
  } catch (error) {
    return fail(archive, error);
  }
  return placed;
}

const linkMode = 0o120000;
const modeMask = 0o170000;

function judgeEntry(archive: string, entry: Entry): void {
  const name = JSON.stringify(entry.fileName);
  if (((entry.externalFileAttributes >>> 16) & modeMask) === linkMode) throw unsafe(archive, `${name} is a link`);
  if (entry.isEncrypted()) throw unreadable(archive, `${name} is encrypted`);
}

/** Names that Windows gives to devices, whatever their ending. */
const device = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;

function judgePath(archive: string, path: string): void {
  const parts = path.split('/');
  const isInside = parts.every(part => part !== '' && part !== '.' && part !== '..' && !device.test(part));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (!isInside || /[\\:\u0000-\u001f]/.test(path))
    throw unsafe(archive, `${JSON.stringify(path)} leads out of the folder, or is no name for a file`);
}

async function unpackEntry(archive: string, zip: ZipFile, entry: Entry, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true }).catch(error => notWritten(path, error));
  const content = await zip.openReadStreamPromise(entry).catch(error => fail(archive, error));
  try {
    await pipeline(content, compareChecksum(archive, entry), createWriteStream(path, { flags: 'wx' }));
  } catch (error) {
    if (systemCodeOf(error) !== undefined) return notWritten(path, error);
    fail(archive, error);
  }
}

function compareChecksum(archive: string, entry: Entry): Transform {
  let sum = 0;
  return new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      sum = crc32(chunk, sum);
      done(null, chunk);
    },
    flush(done) {
      const isRight = sum === entry.crc32;
      done(isRight ? null : unreadable(archive, `${JSON.stringify(entry.fileName)} has another checksum than it says`));
    },
  });
}

function fail(archive: string, error: unknown): never {
  if (error instanceof CycleboxError) throw error;
  const message = (error as Error).message;
  if (/^(?:absolute path|invalid relative path|invalid characters)/.test(message)) throw unsafe(archive, message);
  throw unreadable(archive, message, error);
}

function unsafe(archive: string, why: string): CycleboxError {
  const message = `${archive} is not unpacked: ${why}. Get the archive from where it was published.`;
  return new CycleboxError('ARCHIVE_UNSAFE', message, { subject: { file: archive } });
}

function unreadable(archive: string, why: string, cause?: unknown): CycleboxError {
  const message = `${archive} could not be read as a zip archive: ${why}. It may be cut off or damaged: fetch it again.`;
  return new CycleboxError('ARCHIVE_UNREADABLE', message, { subject: { file: archive }, cause });
}

function notWritten(path: string, cause: unknown): never {
  const message = `${path} could not be unpacked: ${(cause as Error).message}. Make room, or name another folder.`;
  throw new CycleboxError('WRITE_FAILED', message, { subject: { file: path }, cause });
}
