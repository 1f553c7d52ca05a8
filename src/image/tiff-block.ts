/**
 * Writes directories of TIFF, as they stand in an EXIF block or at the end of a TIFF: little-endian, each field's values after
 * its directory. Knows how fields are laid down, not what they mean.
 */
import type { TiffField } from '../picture/index.js';
import type { TiffDirectory } from './tiff-directory.js';

/** How many bytes stand together when the byte order is turned round, by the number of the type. */
const turned: Readonly<Record<number, number>> = { 3: 2, 4: 4, 5: 4, 8: 2, 9: 4, 10: 4, 11: 4, 12: 8, 13: 4 };

/** The field in little-endian, whatever the file's order; undefined for types that only BigTIFF has. */
export function littleEndianField({ tag, type, count, data }: TiffField, from: TiffDirectory): TiffField | undefined {
  if (type >= 16) return undefined;
  const length = turned[type] ?? 1;
  if (from.isLittleEndian || length === 1) return { tag, type, count, data };
  const copy = Buffer.from(data);
  if (length === 2) copy.swap16();
  else if (length === 4) copy.swap32();
  else copy.swap64();
  return { tag, type, count, data: copy };
}

export function shortField(tag: number, value: number): TiffField {
  const data = Buffer.alloc(2);
  data.writeUInt16LE(value);
  return { tag, type: 3, count: 1, data };
}

export function longField(tag: number, value: number): TiffField {
  const data = Buffer.alloc(4);
  data.writeUInt32LE(value);
  return { tag, type: 4, count: 1, data };
}

/** In thousandths. */
export function rationalField(tag: number, value: number): TiffField {
  const data = Buffer.alloc(8);
  data.writeUInt32LE(Math.round(value * 1000), 0);
  data.writeUInt32LE(1000, 4);
  return { tag, type: 5, count: 1, data };
}

export function bytesField(tag: number, type: 1 | 7, data: Buffer): TiffField {
  return { tag, type, count: data.length, data };
}

const even = (length: number): number => length + (length % 2);

/** Bytes that `directoryBytes` will make of these fields. */
export function directoryLength(fields: readonly TiffField[]): number {
  const values = fields.map(({ data }) => (data.length > 4 ? even(data.length) : 0));
  return 6 + fields.length * 12 + values.reduce((sum, length) => sum + length, 0);
}

/** A directory that will stand at `at`, without a next one, and its values behind it. */
export function directoryBytes(fields: readonly TiffField[], at: number): Buffer {
  const sorted = [...fields].sort((a, b) => a.tag - b.tag);
  const head = Buffer.alloc(6 + sorted.length * 12);
  const values: Buffer[] = [];
  let valueAt = at + head.length;
  head.writeUInt16LE(sorted.length, 0);
  for (const [i, { tag, type, count, data }] of sorted.entries()) {
    const entry = head.subarray(2 + i * 12, 14 + i * 12);
    entry.writeUInt16LE(tag, 0);
    entry.writeUInt16LE(type, 2);
    entry.writeUInt32LE(count, 4);
    if (data.length <= 4) data.copy(entry, 8);
    else {
      entry.writeUInt32LE(valueAt, 8);
      values.push(data, Buffer.alloc(data.length % 2));
      valueAt += even(data.length);
    }
  }
  return Buffer.concat([head, ...values]);
}

/**
 * A main directory at `at` with others below it, by the tags that point to them; those without fields are left out.
 * Everything in one piece.
 */
export function directoryTree(
  main: readonly TiffField[],
  below: ReadonlyMap<number, readonly TiffField[]>,
  at: number,
): Buffer {
  const branches = [...below].filter(([, fields]) => fields.length > 0);
  const placeholders = branches.map(([tag]) => longField(tag, 0));
  let next = at + directoryLength([...main, ...placeholders]);
  const parts: Buffer[] = [];
  const pointers = branches.map(([tag, fields]) => {
    const pointer = longField(tag, next);
    parts.push(directoryBytes(fields, next));
    next += directoryLength(fields);
    return pointer;
  });
  return Buffer.concat([directoryBytes([...main, ...pointers], at), ...parts]);
}
