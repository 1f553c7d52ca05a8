/**
 * The directories of a TIFF file, or of the EXIF block that has the same form: which fields there are and their values.
 * No pixels, and no judgement of what the fields mean. Whatever the file says, no more than `maxDirectories` directories of
 * `maxFields` fields are read, and nothing from outside of it: a field that does not fit is as if it were not there.
 *
 * TIFF 6.0 (Adobe, 1992) and BigTIFF (magic 43, offsets of 8 bytes).
 */
import type { TiffField } from '../picture/index.js';
import type { ByteSource } from './byte-source.js';

/** Bytes of one value, by the number of its type. */
const typeBytes: Readonly<Record<number, number>> = {
  1: 1,
  2: 1,
  3: 2,
  4: 4,
  5: 8,
  6: 1,
  7: 1,
  8: 2,
  9: 4,
  10: 8,
  11: 4,
  12: 8,
  13: 4,
  16: 8,
  17: 8,
  18: 8,
};

const maxDirectories = 32;
const maxFields = 4096;
const maxFieldBytes = 2 ** 20;

/** Where a directory stands, and how it is written. */
export interface DirectoryPlace {
  readonly at: number;
  /** BigTIFF: numbers of 8 bytes. */
  readonly isBig: boolean;
  readonly isLittleEndian: boolean;
}

/** One directory: an image of the file, or a group of metadata. */
export class TiffDirectory {
  readonly fields: ReadonlyMap<number, TiffField>;
  readonly isLittleEndian: boolean;
  /** Whether the values of a field lie beyond the end of the file: it was cut off. */
  readonly isCutOff: boolean;
  readonly place: DirectoryPlace;

  constructor(fields: readonly TiffField[], isCutOff: boolean, place: DirectoryPlace) {
    this.fields = new Map(fields.map(field => [field.tag, field]));
    this.isCutOff = isCutOff;
    this.place = place;
    this.isLittleEndian = place.isLittleEndian;
  }

  has(tag: number): boolean {
    return this.fields.has(tag);
  }

  /** The field's values; rationals as quotients. Empty where there is no such field, or where it holds no numbers. */
  numbers(tag: number): readonly number[] {
    const field = this.fields.get(tag);
    const bytes = field && typeBytes[field.type];
    if (!field || !bytes) return [];
    return Array.from({ length: field.count }, (_, i) => valueAt(field, i * bytes, this.isLittleEndian));
  }

  /** The first of the field's values. */
  number(tag: number): number | undefined {
    return this.numbers(tag)[0];
  }

  /** The text of an ASCII field, without what follows its first zero byte. */
  text(tag: number): string {
    const field = this.fields.get(tag);
    return field?.type === 2 ? (field.data.toString('latin1').split('\0')[0] ?? '').trim() : '';
  }
}

export interface TiffFile {
  readonly isLittleEndian: boolean;
  /** The chain of images, in their order; at least one. */
  readonly directories: readonly TiffDirectory[];
  /** The directories that the field of this tag points to. */
  below(directory: TiffDirectory, tag: number): Promise<readonly TiffDirectory[]>;
}

/** Undefined where it is no TIFF, or where its first directory cannot be read. */
export async function readTiff(source: ByteSource): Promise<TiffFile | undefined> {
  const head = Buffer.from(await source.read(0, 16));
  const order = head.toString('latin1', 0, 2);
  if (head.length < 8 || (order !== 'II' && order !== 'MM')) return undefined;
  const reader = new Reader(source, order === 'II', uint(head.subarray(2, 4), order === 'II') === 43);
  const first = reader.isBig ? uint(head.subarray(8, 16), order === 'II') : uint(head.subarray(4, 8), order === 'II');
  const directories = await reader.chain(first);
  if (directories.length === 0) return undefined;
  return {
    isLittleEndian: reader.isLittleEndian,
    directories,
    below: (directory, tag) => reader.each(directory.numbers(tag)),
  };
}

/** How many bytes the parts of a directory have. */
export function directoryLayout(isBig: boolean) {
  return isBig ? { countBytes: 8, entryBytes: 20, offsetBytes: 8 } : { countBytes: 2, entryBytes: 12, offsetBytes: 4 };
}

class Reader {
  readonly #source: ByteSource;
  readonly isLittleEndian: boolean;
  readonly isBig: boolean;

  constructor(source: ByteSource, isLittleEndian: boolean, isBig: boolean) {
    this.#source = source;
    this.isLittleEndian = isLittleEndian;
    this.isBig = isBig;
  }

  /** From one directory to the next, until there is none, or none that can be read. */
  async chain(first: number): Promise<TiffDirectory[]> {
    const seen = new Set<number>();
    const directories: TiffDirectory[] = [];
    for (let at = first; at > 0 && !seen.has(at) && seen.size < maxDirectories; ) {
      seen.add(at);
      const read = await this.#directory(at);
      if (!read) break;
      directories.push(read.directory);
      at = read.next;
    }
    return directories;
  }

  async each(offsets: readonly number[]): Promise<TiffDirectory[]> {
    const read = await Promise.all(offsets.slice(0, maxDirectories).map(at => this.#directory(at)));
    return read.flatMap(one => (one ? [one.directory] : []));
  }

  async #directory(at: number): Promise<{ directory: TiffDirectory; next: number } | undefined> {
    const { isBig, isLittleEndian } = this;
    const { countBytes, entryBytes, offsetBytes } = directoryLayout(isBig);
    const count = uint(await this.#read(at, countBytes), this.isLittleEndian);
    if (!(count > 0 && count <= maxFields)) return undefined;
    const body = await this.#read(at + countBytes, count * entryBytes + offsetBytes);
    if (body.length < count * entryBytes) return undefined;
    const entries = Array.from({ length: count }, (_, i) => body.subarray(i * entryBytes, (i + 1) * entryBytes));
    const fields = await Promise.all(entries.map(entry => this.#field(entry)));
    const found = fields.filter(field => field !== undefined && field !== 'cut off');
    const next = uint(body.subarray(count * entryBytes), this.isLittleEndian);
    return {
      directory: new TiffDirectory(found, fields.includes('cut off'), { at, isBig, isLittleEndian }),
      next: Number.isNaN(next) ? 0 : next,
    };
  }

  async #field(entry: Buffer): Promise<TiffField | 'cut off' | undefined> {
    const number = (from: number, to: number) => uint(entry.subarray(from, to), this.isLittleEndian);
    const [tag, type] = [number(0, 2), number(2, 4)];
    const count = this.isBig ? number(4, 12) : number(4, 8);
    const value = entry.subarray(this.isBig ? 12 : 8);
    const bytes = count * (typeBytes[type] ?? Number.NaN);
    if (!(bytes > 0)) return undefined;
    if (bytes <= value.length) return { tag, type, count, data: value.subarray(0, bytes) };
    const at = uint(value, this.isLittleEndian);
    if (at + bytes > this.#source.size) return 'cut off';
    return bytes > maxFieldBytes ? undefined : { tag, type, count, data: await this.#read(at, bytes) };
  }

  async #read(offset: number, length: number): Promise<Buffer> {
    if (!(offset >= 0 && offset < this.#source.size)) return Buffer.alloc(0);
    const bytes = await this.#source.read(offset, length);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
}

/** An unsigned number of 0 to 8 bytes; not a number where there are none. */
function uint(bytes: Uint8Array, isLittleEndian: boolean): number {
  if (bytes.length === 0) return Number.NaN;
  const bigEndian = isLittleEndian ? [...bytes].reverse() : [...bytes];
  return bigEndian.reduce((sum, byte) => sum * 256 + byte, 0);
}

function valueAt({ type, data }: TiffField, at: number, isLittleEndian: boolean): number {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  switch (type) {
    case 3:
      return view.getUint16(at, isLittleEndian);
    case 4:
    case 13:
      return view.getUint32(at, isLittleEndian);
    case 5:
      return view.getUint32(at, isLittleEndian) / view.getUint32(at + 4, isLittleEndian);
    case 6:
      return view.getInt8(at);
    case 8:
      return view.getInt16(at, isLittleEndian);
    case 9:
      return view.getInt32(at, isLittleEndian);
    case 10:
      return view.getInt32(at, isLittleEndian) / view.getInt32(at + 4, isLittleEndian);
    case 11:
      return view.getFloat32(at, isLittleEndian);
    case 12:
      return view.getFloat64(at, isLittleEndian);
    case 16:
    case 18:
      return Number(view.getBigUint64(at, isLittleEndian));
    case 17:
      return Number(view.getBigInt64(at, isLittleEndian));
    default:
      return view.getUint8(at);
  }
}
