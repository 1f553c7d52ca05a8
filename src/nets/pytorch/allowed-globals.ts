/**
 * The whitelist: every global that a weight file may name, and what calling it gives here. Nothing of Python is run;
 * a call describes a tensor or makes an empty dictionary. Storage types may be named but not called.
 */
import type { ElementType } from '../element-types.js';
import type { FileErrors } from './file-error.js';
import {
  AllowedGlobal,
  PickleDict,
  type PickleKey,
  PickleTuple,
  type PickleValue,
  StorageReference,
  TensorView,
} from './pickle-values.js';

const storageTypes: Readonly<Record<string, ElementType>> = {
  'torch.FloatStorage': 'F32',
  'torch.DoubleStorage': 'F64',
  'torch.HalfStorage': 'F16',
  'torch.BFloat16Storage': 'BF16',
  'torch.LongStorage': 'I64',
  'torch.IntStorage': 'I32',
};

type Call = (args: readonly PickleValue[], errors: FileErrors) => PickleValue;

const calls: Readonly<Record<string, Call>> = {
  'collections.OrderedDict': orderedDict,
  'torch._utils._rebuild_tensor': rebuildTensor,
  'torch._utils._rebuild_tensor_v2': rebuildTensor,
  'torch._utils._rebuild_parameter': rebuildParameter,
  'torch.Size': size,
};

const maxRank = 64;

/** @throws WEIGHTS_UNSAFE for all but the whitelist. */
export function findGlobal(module: string, name: string, errors: FileErrors): AllowedGlobal {
  const full = `${module}.${name}`;
  if (Object.hasOwn(storageTypes, full)) return new AllowedGlobal(full, storageTypes[full]);
  if (Object.hasOwn(calls, full)) return new AllowedGlobal(full, undefined);
  throw errors.unsafe(full);
}

/** @throws WEIGHTS_UNSAFE when `callee` is nothing that may be called; WEIGHTS_UNREADABLE for odd arguments. */
export function callGlobal(callee: PickleValue, args: readonly PickleValue[], errors: FileErrors): PickleValue {
  if (!(callee instanceof AllowedGlobal)) throw errors.unsafe('a call of something that is no function');
  if (!Object.hasOwn(calls, callee.name)) throw errors.unsafe(`a call of ${callee.name}`);
  return calls[callee.name]!(args, errors);
}

export function isPickleKey(value: PickleValue): value is PickleKey {
  return value === null || typeof value !== 'object';
}

/** `('storage', type, key, location, elements[, view])`, the persistent id of a storage in both containers. */
export function storageOf(id: PickleValue, errors: FileErrors): StorageReference {
  const [kind, type, key, , elements, view] = id instanceof PickleTuple ? id.items : [];
  const valid = kind === 'storage' && type instanceof AllowedGlobal && typeof key === 'string' && isCount(elements);
  if (!valid || !type.elementType) throw errors.unreadable('a reference to stored values is malformed');
  return new StorageReference(key, type.elementType, elements, viewOffset(view, errors));
}

/** Legacy files: `(key, offset, size)` for a storage that is a part of another. */
function viewOffset(view: PickleValue | undefined, errors: FileErrors): number {
  if (view === undefined || view === null) return 0;
  const offset = view instanceof PickleTuple ? view.items[1] : undefined;
  if (isCount(offset)) return offset;
  throw errors.unreadable('a reference to a part of stored values is malformed');
}

function orderedDict(args: readonly PickleValue[], errors: FileErrors): PickleDict {
  const dict = new PickleDict();
  const [pairs] = args;
  if (pairs === undefined) return dict;
  if (!Array.isArray(pairs) || args.length > 1) throw errors.unreadable('an OrderedDict is malformed');
  for (const pair of pairs) {
    const [key, value] = pair instanceof PickleTuple ? pair.items : Array.isArray(pair) ? pair : [];
    if (key === undefined || value === undefined || !isPickleKey(key)) {
      throw errors.unreadable('an OrderedDict is malformed');
    }
    dict.entries.set(key, value);
  }
  return dict;
}

function rebuildTensor(args: readonly PickleValue[], errors: FileErrors): TensorView {
  const [storage, offset, sizes, strides] = args;
  const [shape, steps] = [countsOf(sizes), countsOf(strides)];
  const valid = storage instanceof StorageReference && isCount(offset) && shape && steps?.length === shape.length;
  if (!valid) throw errors.unreadable('a tensor is malformed');
  return new TensorView(storage, offset, shape, steps);
}

function rebuildParameter([tensor]: readonly PickleValue[], errors: FileErrors): TensorView {
  if (tensor instanceof TensorView) return tensor;
  throw errors.unreadable('a parameter is no tensor');
}

function size([sizes]: readonly PickleValue[], errors: FileErrors): PickleTuple {
  if (sizes instanceof PickleTuple || Array.isArray(sizes)) {
    return sizes instanceof PickleTuple ? sizes : new PickleTuple(sizes);
  }
  throw errors.unreadable('a torch.Size is malformed');
}

function countsOf(value: PickleValue | undefined): readonly number[] | undefined {
  const items = value instanceof PickleTuple ? value.items : Array.isArray(value) ? value : undefined;
  return items && items.length <= maxRank && items.every(isCount) ? (items as readonly number[]) : undefined;
}

function isCount(value: PickleValue | undefined): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
