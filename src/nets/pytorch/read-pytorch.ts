/**
 * PyTorch weight files, `torch.save` of a state_dict, in both containers: the zip archive of PyTorch 1.6 and later,
 * and the row of pickles before it. Reads untrusted files: nothing but tensors comes out, nothing is run.
 */

import { sizeOf } from '../../graph/index.js';
import { bytesOf, type ElementType, elementReader } from '../element-types.js';
import type { WeightTensor } from '../weight-tensor.js';
import { FileErrors, printable } from './file-error.js';
import { PickleDict, type PickleValue, StorageReference, TensorView } from './pickle-values.js';
import { unpickle } from './unpickle.js';
import { openZip } from './zip.js';

/** Bytes of a storage. @throws WEIGHTS_UNREADABLE when the file has none of this key. */
type StorageSource = (key: string, type: ElementType) => Uint8Array;

interface Contents {
  readonly value: PickleValue;
  readonly storage: StorageSource;
}

const legacyMagic = 0x1950a86a20f9469cfc6cn;
const legacyProtocol = 1001;

export interface PyTorchOptions {
  /** A file with dictionaries of several networks gives all their tensors, each under its dictionary's name and a dot. */
  readonly several?: boolean | undefined;
}

export function isPyTorchFile(bytes: Uint8Array): boolean {
  return isZip(bytes) || bytes[0] === 0x80;
}

/**
 * All tensors of the file's state_dict, as float32 in row-major order. A checkpoint that keeps its state_dict one level
 * deeper (under `state_dict`, say) is read too.
 * @param file named in errors.
 * @throws WEIGHTS_UNREADABLE, WEIGHTS_UNSAFE
 */
export function readPyTorch(
  bytes: Uint8Array,
  file: string,
  { several = false }: PyTorchOptions = {},
): Record<string, WeightTensor> {
  const errors = new FileErrors(file);
  const { value, storage } = isZip(bytes) ? readArchive(bytes, errors) : readLegacy(bytes, errors);
  const recipes = stateDictOf(value, several, errors);
  const materialise = materialiser(bytes.byteLength, storage, errors);
  return Object.fromEntries([...recipes].map(([key, recipe]) => [key, materialise(key, recipe)]));
}

function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4;
}

function readArchive(bytes: Uint8Array, errors: FileErrors): Contents {
  const archive = openZip(bytes, errors);
  const pickles = archive.names.filter(name => /^[^/]+\/data\.pkl$/.test(name));
  const [pickle] = pickles;
  if (pickle === undefined || pickles.length > 1) throw errors.unreadable('its archive has no data.pkl');
  const folder = pickle.slice(0, -'data.pkl'.length);
  const byteOrder = archive.read(`${folder}byteorder`);
  if (byteOrder && Buffer.from(byteOrder).toString() !== 'little') throw errors.unreadable('its values are big-endian');
  const { value } = unpickle(archive.read(pickle)!, 0, errors);
  const known = new Map<string, Uint8Array>();
  const storage = (key: string) => {
    const content = known.get(key) ?? archive.read(`${folder}data/${key}`);
    if (!content) throw errors.unreadable(`its archive lacks the values data/${printable(key)}`);
    known.set(key, content);
    return content;
  };
  return { value, storage };
}

/** Magic number, protocol, system, the state_dict, keys of storages; then each storage: a count and raw values. */
function readLegacy(bytes: Uint8Array, errors: FileErrors): Contents {
  let at = 0;
  const next = () => {
    const { value, end } = unpickle(bytes, at, errors);
    at = end;
    return value;
  };
  if (next() !== legacyMagic) throw errors.unreadable('it is a pickle, but not one of PyTorch');
  const protocol = next();
  if (protocol !== legacyProtocol) throw errors.unreadable(`its protocol is ${printable(String(protocol))}, not 1001`);
  const system = next();
  const littleEndian = !(system instanceof PickleDict) || system.entries.get('little_endian') !== false;
  if (!littleEndian) throw errors.unreadable('its values are big-endian');
  const value = next();
  const keys = next();
  if (!Array.isArray(keys)) throw errors.unreadable('its list of stored values is malformed');
  return { value, storage: legacyStorages(bytes, at, keys, typesOf(value), errors) };
}

function legacyStorages(
  bytes: Uint8Array,
  start: number,
  keys: readonly PickleValue[],
  types: ReadonlyMap<string, ElementType>,
  errors: FileErrors,
): StorageSource {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const storages = new Map<string, Uint8Array>();
  let at = start;
  for (const key of keys) {
    const type = typeof key === 'string' ? types.get(key) : undefined;
    if (type === undefined) throw errors.unreadable('its list of stored values does not match its tensors');
    if (at + 8 > bytes.byteLength) throw errors.unreadable('it is truncated');
    const end = at + 8 + Number(view.getBigInt64(at, true)) * bytesOf(type);
    if (end < at + 8 || end > bytes.byteLength) throw errors.unreadable('it is truncated');
    storages.set(key as string, bytes.subarray(at + 8, end));
    at = end;
  }
  return key => {
    const content = storages.get(key);
    if (!content) throw errors.unreadable(`it lacks the stored values ${printable(key)}`);
    return content;
  };
}

/** Element types of all storages that a pickle's value refers to. Shared values are visited once. */
function typesOf(root: PickleValue): Map<string, ElementType> {
  const types = new Map<string, ElementType>();
  const seen = new Set<PickleValue>();
  const open: PickleValue[] = [root];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (typeof value !== 'object' || value === null || seen.has(value)) continue;
    seen.add(value);
    if (value instanceof StorageReference) types.set(value.key, value.type);
    else if (value instanceof TensorView) open.push(value.storage);
    else if (value instanceof PickleDict) for (const item of value.entries.values()) open.push(item);
    else if (Array.isArray(value)) for (const item of value) open.push(item);
    else if ('items' in value) for (const item of value.items) open.push(item);
  }
  return types;
}

function stateDictOf(value: PickleValue, several: boolean, errors: FileErrors): Map<string, TensorView> {
  if (!(value instanceof PickleDict)) throw errors.unreadable('it holds no dictionary of tensors');
  const tensors = tensorsIn(value);
  if (tensors.size > 0) return tensors;
  const nested = [...new Map([...value.entries].map(([name, item]) => [item, String(name)]))]
    .filter(([item]) => item instanceof PickleDict)
    .map(([item, name]) => ({ name, tensors: tensorsIn(item as PickleDict) }))
    .filter(({ tensors }) => tensors.size > 0);
  if (nested.length === 1) return nested[0]!.tensors;
  if (several && nested.length > 1) {
    return new Map(nested.flatMap(({ name, tensors }) => [...tensors].map(([key, view]) => [`${name}.${key}`, view])));
  }
  const reason =
    nested.length === 0
      ? 'its dictionary holds no tensors'
      : `it holds ${nested.length} dictionaries of tensors; save the state_dict of one network`;
  throw errors.unreadable(reason);
}

function tensorsIn(dict: PickleDict): Map<string, TensorView> {
  const tensors = new Map<string, TensorView>();
  for (const [key, value] of dict.entries) if (value instanceof TensorView) tensors.set(String(key), value);
  return tensors;
}

/**
 * Turns recipes into values, within a budget of elements: strides of 0 and shared storages could otherwise make
 * gigabytes of a few bytes.
 */
function materialiser(fileBytes: number, storage: StorageSource, errors: FileErrors) {
  let budget = 4 * fileBytes + 2 ** 16;
  return (key: string, { storage: reference, offset, size, stride }: TensorView): WeightTensor => {
    const { type } = reference;
    const bytes = storage(reference.key, type);
    const name = printable(key);
    const available = Math.floor(bytes.byteLength / bytesOf(type));
    const elements = sizeOf(size);
    budget -= elements;
    if (!(budget >= 0)) throw errors.unreadable(`${name} is larger than the file allows`);
    const first = reference.offset + offset;
    const last = first + size.reduce((sum, count, axis) => sum + (count - 1) * stride[axis]!, 0);
    if (elements > 0 && !(last < available)) {
      throw errors.unreadable(
        `${name} reaches beyond its ${available} stored values; the file is truncated or damaged`,
      );
    }
    return { shape: size, data: gather(bytes, type, first, size, stride) };
  };
}

/** Reads a strided view into row-major order. */
function gather(
  bytes: Uint8Array,
  type: ElementType,
  first: number,
  size: readonly number[],
  stride: readonly number[],
): Float32Array {
  const read = elementReader(bytes, type);
  const values = new Float32Array(sizeOf(size));
  const index = size.map(() => 0);
  let at = first;
  for (let i = 0; i < values.length; i++) {
    values[i] = read(at);
    for (let axis = size.length - 1; axis >= 0; axis--) {
      at += stride[axis]!;
      if (++index[axis]! < size[axis]!) break;
      at -= stride[axis]! * size[axis]!;
      index[axis] = 0;
    }
  }
  return values;
}
