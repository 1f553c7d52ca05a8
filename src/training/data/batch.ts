/** Crops of decoded pictures as the tensors that a training step takes. */
import type { TensorData } from '../../engine/index.js';
import { toUnitRange } from '../../image/index.js';
import type { Pixels } from './decode-parts.js';
import type { SampleView } from './sampler.js';

export interface Batch {
  /** `[batch, 3, size, size]` in [-1, 1]. */
  readonly A: TensorData;
  readonly B: TensorData;
}

/** One image of a batch. */
export interface LoadedView {
  readonly picture: Pixels;
  readonly view: SampleView;
}

const unitRange = Float32Array.from({ length: 256 }, (_, byte) => toUnitRange(byte));

/** `[shots, 3, size, size]`; the pictures are at least `size` on either side. */
export function cropViews(shots: readonly LoadedView[], size: number): TensorData {
  const length = 3 * size * size;
  const data = new Float32Array(shots.length * length);
  shots.forEach((shot, index) => {
    crop(shot, size, data.subarray(index * length, (index + 1) * length));
  });
  return { shape: [shots.length, 3, size, size], data };
}

/** Bytes, interleaved → planes in [-1, 1]. */
function crop({ picture: { width, height, rgb }, view }: LoadedView, size: number, planes: Float32Array): void {
  const left = Math.floor(view.x * (width - size + 1));
  const top = Math.floor(view.y * (height - size + 1));
  const [first, step] = view.mirrored ? [left + size - 1, -3] : [left, 3];
  const plane = size * size;
  for (let y = 0; y < size; y++) {
    let from = ((top + y) * width + first) * 3;
    for (let to = y * size; to < (y + 1) * size; to++, from += step) {
      planes[to] = unitRange[rgb[from]!]!;
      planes[to + plane] = unitRange[rgb[from + 1]!]!;
      planes[to + 2 * plane] = unitRange[rgb[from + 2]!]!;
    }
  }
}
