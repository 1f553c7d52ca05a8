/**
 * Reads zip archives held in memory: stored and deflated entries, zip64. Not a general zip library: no encryption, no
 * parts, no writing. Sizes are taken from the central directory and checked against the archive before any are used,
 * so a lying archive gets an error, not memory.
 */
import { crc32, inflateRawSync } from 'node:zlib';
import type { FileErrors } from './file-error.js';
import { printable } from './file-error.js';

export interface ZipArchive {
  readonly names: readonly string[];
  /** Content of an entry, undefined if there is none of this name. @throws WEIGHTS_UNREADABLE */
  read(name: string): Uint8Array | undefined;
}

interface Entry {
  readonly name: string;
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  readonly storedBytes: number;
  readonly bytes: number;
  readonly headerAt: number;
}

const signature = { end: 0x06054b50, end64: 0x06064b50, locator64: 0x07064b50, central: 0x02014b50, local: 0x04034b50 };
const endBytes = 22;
const centralBytes = 46;
const localBytes = 30;
const deflated = 8;
const encryptedFlag = 1;

/** @param maxBytes what may be inflated in all. @throws WEIGHTS_UNREADABLE */
export function openZip(bytes: Uint8Array, errors: FileErrors, maxBytes = 2 ** 29): ZipArchive {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const directory = findDirectory(view, errors);
  const entries = new Map<string, Entry>();
  let at = directory.start;
  for (let index = 0; index < directory.count; index++) {
    const [entry, next] = readCentral(bytes, view, at, directory.stop, errors);
    if (entries.has(entry.name)) throw errors.unreadable(`its archive has two entries named ${printable(entry.name)}`);
    entries.set(entry.name, entry);
    at = next;
  }
  let left = maxBytes;
  return {
    names: [...entries.keys()],
    read(name) {
      const entry = entries.get(name);
      if (!entry) return undefined;
      if (entry.method !== 0) left -= entry.bytes;
      if (left < 0) throw errors.unreadable(`it would inflate to more than ${maxBytes} bytes`);
      return readEntry(bytes, view, entry, directory.start, errors);
    },
  };
}

interface Directory {
  readonly start: number;
  readonly stop: number;
  readonly count: number;
}

function findDirectory(view: DataView, errors: FileErrors): Directory {
  const end = findEnd(view);
  if (end === undefined) throw errors.unreadable('its archive has no end; it is truncated');
  const short = {
    count: view.getUint16(end + 10, true),
    size: view.getUint32(end + 12, true),
    start: view.getUint32(end + 16, true),
  };
  const needs64 = short.count === 0xffff || short.size === 0xffffffff || short.start === 0xffffffff;
  const { count, size, start } = (needs64 ? directory64(view, end) : undefined) ?? short;
  const fits = start + size <= end && count * centralBytes <= size;
  if (!fits) throw errors.unreadable("its archive's directory lies outside the file");
  return { start, stop: start + size, count };
}

function findEnd(view: DataView): number | undefined {
  const last = view.byteLength - endBytes;
  for (let at = last; at >= 0 && at >= last - 0xffff; at--) {
    if (
      view.getUint32(at, true) === signature.end &&
      at + endBytes + view.getUint16(at + 20, true) <= view.byteLength
    ) {
      return at;
    }
  }
  return undefined;
}

function directory64(view: DataView, end: number): { count: number; size: number; start: number } | undefined {
  const locator = end - 20;
  if (locator < 0 || view.getUint32(locator, true) !== signature.locator64) return undefined;
  const at = Number(view.getBigUint64(locator + 8, true));
  if (at + 56 > locator || view.getUint32(at, true) !== signature.end64) return undefined;
  const number = (offset: number) => Number(view.getBigUint64(at + offset, true));
  return { count: number(32), size: number(40), start: number(48) };
}

function readCentral(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  stop: number,
  errors: FileErrors,
): [entry: Entry, next: number] {
  const isEntry = at + centralBytes <= stop && view.getUint32(at, true) === signature.central;
  if (!isEntry) throw errors.unreadable("its archive's directory is damaged");
  const nameBytes = view.getUint16(at + 28, true);
  const extraBytes = view.getUint16(at + 30, true);
  const nameAt = at + centralBytes;
  const next = nameAt + nameBytes + extraBytes + view.getUint16(at + 32, true);
  if (next > stop) throw errors.unreadable("its archive's directory is damaged");
  const entry = {
    name: new TextDecoder().decode(bytes.subarray(nameAt, nameAt + nameBytes)),
    flags: view.getUint16(at + 8, true),
    method: view.getUint16(at + 10, true),
    crc: view.getUint32(at + 16, true),
    storedBytes: view.getUint32(at + 20, true),
    bytes: view.getUint32(at + 24, true),
    headerAt: view.getUint32(at + 42, true),
  };
  const extraAt = nameAt + nameBytes;
  return [withSizes64(entry, view, extraAt, extraAt + extraBytes, errors), next];
}

/** Zip64 keeps sizes that read 0xffffffff in an extra field of id 1: uncompressed, stored, offset, as far as needed. */
function withSizes64(entry: Entry, view: DataView, from: number, to: number, errors: FileErrors): Entry {
  const large = (size: number) => size === 0xffffffff;
  if (!large(entry.bytes) && !large(entry.storedBytes) && !large(entry.headerAt)) return entry;
  for (let at = from; at + 4 <= to; at += 4 + view.getUint16(at + 2, true)) {
    if (view.getUint16(at, true) !== 1) continue;
    const stop = Math.min(to, at + 4 + view.getUint16(at + 2, true));
    let next = at + 4;
    const take = (short: number) => {
      if (!large(short)) return short;
      if (next + 8 > stop) throw errors.unreadable(`the sizes of ${printable(entry.name)} are incomplete`);
      next += 8;
      return Number(view.getBigUint64(next - 8, true));
    };
    const [size, storedBytes, headerAt] = [take(entry.bytes), take(entry.storedBytes), take(entry.headerAt)];
    return { ...entry, bytes: size, storedBytes, headerAt };
  }
  return entry;
}

function readEntry(bytes: Uint8Array, view: DataView, entry: Entry, limit: number, errors: FileErrors): Uint8Array {
  const fail = (reason: string) => errors.unreadable(`the archive's entry ${printable(entry.name)} ${reason}`);
  const { headerAt } = entry;
  if (entry.flags & encryptedFlag) throw fail('is encrypted');
  const isLocal = headerAt + localBytes <= limit && view.getUint32(headerAt, true) === signature.local;
  if (!isLocal) throw fail('lies outside the file');
  const start = headerAt + localBytes + view.getUint16(headerAt + 26, true) + view.getUint16(headerAt + 28, true);
  const stop = start + entry.storedBytes;
  if (stop > limit) throw fail('is longer than the file');
  const content = unpack(bytes.subarray(start, stop), entry, fail);
  if (content.byteLength !== entry.bytes) throw fail(`has ${content.byteLength} bytes, not ${entry.bytes}`);
  if (crc32(content) !== entry.crc) throw fail('is damaged: its checksum does not match');
  return content;
}

function unpack(stored: Uint8Array, entry: Entry, fail: (reason: string) => Error): Uint8Array {
  if (entry.method === 0) return stored;
  if (entry.method !== deflated) throw fail(`is packed by method ${entry.method}, which is not supported`);
  // Deflate packs at most 1032 to 1: a larger promise is a lie, found before memory is taken for it.
  if (entry.bytes > 1032 * stored.byteLength + 64) throw fail('claims an impossible size');
  try {
    return inflateRawSync(stored, { maxOutputLength: Math.max(entry.bytes, 1) });
  } catch {
    throw fail('could not be inflated');
  }
}
