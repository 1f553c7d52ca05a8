/**
 * What decides which pixels a training sees, and in which order: folders, preparation, batches, seed. The settings of a
 * run have these fields among others. Nothing here depends on the machine; what does (threads, memory) is in
 * `training-data.ts` and never changes a result.
 */
import type { Geometry, Preprocess } from './geometry.js';

/**
 * How images of A find their partners in B. `none`: they have none. `names`: the file of the same path and name, whatever
 * its ending. `side-by-side`: every file of folder `a` holds A in its left half and B in its right one, and `b` is not read.
 */
export type Pairing = 'none' | 'names' | 'side-by-side';

export interface DataSettings {
  /** Folders of the two domains. */
  readonly a: string;
  readonly b: string;
  /** Default `none`. */
  readonly pairing?: Pairing | undefined;
  /** Default `resize-and-crop`. */
  readonly preprocess?: Preprocess | undefined;
  /** Side of the crops, in pixels. */
  readonly size: number;
  /** The side that images are scaled to before they are cropped, in pixels; 0: not scaled. */
  readonly loadSize: number;
  /** Whether half of the crops are mirrored left to right. */
  readonly flip: boolean;
  /** Examples in a batch. */
  readonly batch: number;
  /** Batches that one step takes; default 1. Only decides how far is read ahead. */
  readonly accumulate?: number | undefined;
  /** All sizes that the training goes through, to be looked at in advance; default: `size` alone. */
  readonly stages?: readonly Pick<DataSettings, 'size' | 'loadSize'>[] | undefined;
  readonly seed: number;
}

export function geometryOf({ preprocess = 'resize-and-crop', size, loadSize }: DataSettings): Geometry {
  return { preprocess, size, loadSize };
}
