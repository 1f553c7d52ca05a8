/** A network half emitted, and what several of its layers are made of: borders and doubling. */
import type { OnnxEmitter, ValueName } from '../onnx/index.js';
import type { NamedTensors } from './named-tensors.js';

export interface Emission {
  readonly emitter: OnnxEmitter;
  readonly tensors: NamedTensors;
}

/** `[n, channels, h, w]`; `scale`: its sides are so many times those of the image. */
export interface Value {
  readonly name: ValueName;
  readonly channels: number;
  readonly scale: number;
}

/** Around all four sides. */
export function padded(
  emitter: OnnxEmitter,
  x: ValueName,
  cells: number,
  border: 'constant' | 'reflect' | 'edge',
): ValueName {
  if (cells === 0) return x;
  return emitter.node('Pad', [x, emitter.integers([0, 0, cells, cells, 0, 0, cells, cells])], { mode: border });
}

/** Both sides times `factor`. */
export function resized(
  emitter: OnnxEmitter,
  x: ValueName,
  factor: number,
  by: 'nearest' | 'bilinear' = 'nearest',
): ValueName {
  const scales = emitter.shared(`scales ${factor}`, () => emitter.floats(Float32Array.of(1, 1, factor, factor), [4]));
  if (by === 'bilinear')
    return emitter.node('Resize', [x, '', scales], { mode: 'linear', coordinate_transformation_mode: 'half_pixel' });
  const rule = { coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' };
  return emitter.node('Resize', [x, '', scales], { mode: 'nearest', ...rule });
}
