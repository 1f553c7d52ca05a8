/**
 * All that a pickle can become here: plain values, and descriptions of tensors and storages. There is no value that
 * stands for a Python object or a function, apart from the names of the few allowed globals.
 */
import type { ElementType } from '../element-types.js';

export type PickleKey = string | number | bigint | boolean | null;

export type PickleValue =
  | PickleKey
  | Uint8Array
  | PickleValue[]
  | PickleTuple
  | PickleDict
  | AllowedGlobal
  | StorageReference
  | TensorView;

export class PickleTuple {
  constructor(readonly items: readonly PickleValue[]) {}
}

/** A dict or an OrderedDict: both keep their order. */
export class PickleDict {
  readonly entries = new Map<PickleKey, PickleValue>();
}

/** A storage in the file, which holds the elements that tensors are views of. */
export class StorageReference {
  constructor(
    readonly key: string,
    readonly type: ElementType,
    /** Elements, as the pickle claims; checked against the file when read. */
    readonly elements: number,
    /** First element, counted from the storage's start. */
    readonly offset: number,
  ) {}
}

/** A view into a storage. Offset and strides in elements. */
export class TensorView {
  constructor(
    readonly storage: StorageReference,
    readonly offset: number,
    readonly size: readonly number[],
    readonly stride: readonly number[],
  ) {}
}

/** A global of the whitelist. */
export class AllowedGlobal {
  constructor(
    readonly name: string,
    /** Set for storage types. */
    readonly elementType: ElementType | undefined,
  ) {}
}
