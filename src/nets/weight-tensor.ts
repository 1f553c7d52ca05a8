/**
 * Named tensors as they come from weight files: always float32 on this side, whatever the file stores.
 */

/** Row-major. `data.length` is the product of `shape`. The same shape of object as the engines' host tensors. */
export interface WeightTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export type WeightTensors = Readonly<Record<string, WeightTensor>>;
