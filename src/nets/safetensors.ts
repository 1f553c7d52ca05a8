/**
 * The safetensors format: eight bytes of header length, a JSON header of dtypes, shapes and byte ranges, then the
 * values. Written bytes depend on names and values only. A header is checked in full before any value is read.
 */
import { CycleboxError, writeFileAtomic } from '../base/index.js';
import { sizeOf } from '../graph/index.js';
import { bytesOf, type ElementType, fitsFloat32, isElementType, toFloat32, toLittleEndian } from './element-types.js';
import { readWeightFile } from './read-weight-file.js';
import type { WeightTensor, WeightTensors } from './weight-tensor.js';

export interface SafetensorsFile {
  readonly tensors: Record<string, WeightTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface SafetensorsReadOptions {
  /** Named in errors. */
  readonly file?: string | undefined;
  /** Refuse element types that float32 does not hold exactly (float64, int64, int32), instead of rounding. */
  readonly exact?: boolean | undefined;
}

interface Entry {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** The reference implementation's limit. */
const maxHeaderBytes = 100_000_000;

/** By the first bytes: a length of at most six bytes, then a JSON object. No PyTorch file begins like this. */
export function isSafetensorsFile(bytes: Uint8Array): boolean {
  return bytes[6] === 0 && bytes[7] === 0 && bytes[8] === 0x7b;
}

/** @throws FILE_NOT_FOUND, FILE_UNREADABLE, WEIGHTS_UNREADABLE */
export async function readSafetensorsFile(
  path: string,
  options: SafetensorsReadOptions = {},
): Promise<SafetensorsFile> {
  return readSafetensors(await readWeightFile(path), { file: path, ...options });
}

/** @throws WRITE_FAILED */
export async function writeSafetensorsFile(
  path: string,
  tensors: WeightTensors,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  try {
    await writeFileAtomic(path, writeSafetensors(tensors, metadata));
  } catch (cause) {
    throw new CycleboxError('WRITE_FAILED', `${path} could not be written: ${(cause as Error).message}`, {
      subject: { file: path },
      cause,
    });
  }
}

/** @throws WEIGHTS_UNREADABLE for a file that is truncated, overlaps, leaves gaps or is no safetensors file. */
export function readSafetensors(
  bytes: Uint8Array,
  { file, exact = false }: SafetensorsReadOptions = {},
): SafetensorsFile {
  const fail = (reason: string) => unreadable(file, reason);
  const { header, data } = splitFile(bytes, fail);
  const { __metadata__: metadata, ...rest } = header;
  const entries = Object.entries(rest).map(([name, value]) => parseEntry(name, value, fail));
  checkRanges(entries, data.byteLength, fail);
  const rounded = exact ? entries.find(({ type }) => !fitsFloat32(type)) : undefined;
  if (rounded) throw fail(`${rounded.name} is ${rounded.type}, which float32 does not hold exactly`);
  const tensors = entries.map(({ name, type, shape, begin, end }) => {
    return [name, { shape, data: toFloat32(data.subarray(begin, end), type) }] as const;
  });
  return { tensors: Object.fromEntries(tensors), metadata: parseMetadata(metadata, fail) };
}

/** Float32 values, names in code unit order, values aligned to eight bytes. */
export function writeSafetensors(tensors: WeightTensors, metadata: Readonly<Record<string, string>> = {}): Uint8Array {
  const names = Object.keys(tensors).sort();
  const header: [string, unknown][] = [];
  const notes = Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1));
  if (notes.length > 0) header.push(['__metadata__', Object.fromEntries(notes)]);
  let end = 0;
  for (const name of names) {
    const begin = end;
    end += checkedBytes(name, tensors[name]!);
    header.push([name, { dtype: 'F32', shape: tensors[name]!.shape, data_offsets: [begin, end] }]);
  }
  const json = Buffer.from(toJson(header));
  const start = 8 + Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(start + end).fill(0x20, 8, start);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(start - 8), true);
  bytes.set(json, 8);
  let at = start;
  for (const name of names) {
    toLittleEndian(tensors[name]!.data, view, at);
    at += tensors[name]!.data.byteLength;
  }
  return bytes;
}

/** An object's text in the given order, which JSON.stringify would change for names that look like numbers. */
function toJson(entries: readonly (readonly [string, unknown])[]): string {
  return `{${entries.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`;
}

function checkedBytes(name: string, { shape, data }: WeightTensor): number {
  if (name === '__metadata__') throw new CycleboxError('WEIGHTS_MISMATCH', 'No tensor may be named __metadata__.');
  if (data.length === sizeOf(shape)) return data.byteLength;
  throw new CycleboxError('SHAPE_MISMATCH', `${name}: ${data.length} values do not fill [${shape.join(', ')}].`);
}

type Fail = (reason: string) => CycleboxError;

function splitFile(bytes: Uint8Array, fail: Fail): { header: Record<string, unknown>; data: Uint8Array } {
  if (bytes.byteLength < 8) throw fail('it is shorter than a header');
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  if (length > maxHeaderBytes) throw fail(`its header would be ${length} bytes long`);
  if (8 + length > bytes.byteLength) throw fail('it ends within its header');
  const header = parseJson(bytes.subarray(8, 8 + length), fail);
  if (!isObject(header)) throw fail('its header is not a JSON object');
  return { header, data: bytes.subarray(8 + length) };
}

function parseJson(bytes: Uint8Array, fail: Fail): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw fail('its header is not JSON');
  }
}

function parseEntry(name: string, value: unknown, fail: Fail): Entry {
  if (!isObject(value)) throw fail(`the header's entry ${name} is not an object`);
  const { dtype: type, shape, data_offsets: offsets } = value;
  if (!isElementType(type)) throw fail(`${name} has the element type ${String(type)}, which is not supported`);
  if (!isSizes(shape)) throw fail(`${name} has no proper shape`);
  if (!isSizes(offsets) || offsets.length !== 2) throw fail(`${name} has no proper data_offsets`);
  const [begin, end] = offsets as [number, number];
  if (end - begin !== sizeOf(shape) * bytesOf(type)) {
    throw fail(
      `${name} has ${end - begin} bytes, but ${type} [${shape.join(', ')}] takes ${sizeOf(shape) * bytesOf(type)}`,
    );
  }
  return { name, type, shape, begin, end };
}

/** The ranges must tile the data: no overlap, no gap, nothing beyond the end. */
function checkRanges(entries: readonly Entry[], dataBytes: number, fail: Fail): void {
  let expected = 0;
  for (const { name, begin, end } of entries.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin < expected) throw fail(`${name} overlaps another tensor`);
    if (begin > expected) throw fail(`there is a gap of ${begin - expected} bytes before ${name}`);
    if (end > dataBytes) throw fail(`it ends within ${name}; it is truncated`);
    expected = end;
  }
  if (expected !== dataBytes) throw fail(`it has ${dataBytes - expected} bytes that belong to no tensor`);
}

function parseMetadata(value: unknown, fail: Fail): Record<string, string> {
  if (value === undefined) return {};
  const valid = isObject(value) && Object.values(value).every(text => typeof text === 'string');
  if (!valid) throw fail('its __metadata__ is not an object of strings');
  return value as Record<string, string>;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every(size => Number.isSafeInteger(size) && size >= 0);
}

function unreadable(file: string | undefined, reason: string): CycleboxError {
  const message = `${file ?? 'The data'} is not a valid safetensors file: ${reason}.`;
  return new CycleboxError('WEIGHTS_UNREADABLE', message, { subject: { file } });
}
