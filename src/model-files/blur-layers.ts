/**
 * The anti-aliased sampling of CUT and FastCUT (Zhang 2019, Making Convolutional Networks Shift-Invariant Again): a blur
 * of every channel with a fixed filter, which the file keeps as `filt`, before every other value is dropped, or after
 * zeros were put between them. Sizes, borders and offsets are those of CUT's models/networks.py.
 */
import type { ValueName } from '../onnx/index.js';
import { type Emission, resized, type Value } from './emission.js';

/** Reflection around, then every other value of the blurred map. */
export function blurDown(key: string, x: Value, emission: Emission): ValueName {
  const { emitter } = emission;
  const { taps, filter } = filterOf(key, x, emission, [1, 2, 1]);
  const [before, after] = [Math.floor((taps - 1) / 2), Math.ceil((taps - 1) / 2)];
  const pads = emitter.integers([0, 0, before, before, 0, 0, after, after]);
  const around = emitter.node('Pad', [x.name, pads], { mode: 'reflect' });
  return emitter.node('Conv', [around, filter()], { kernel_shape: [taps, taps], strides: [2, 2], group: x.channels });
}

/** The border's cells repeated, zeros between all, then the blur; what the padding added is cut off again. */
export function blurUp(key: string, x: Value, emission: Emission): ValueName {
  const { emitter } = emission;
  const { taps, values, filter } = filterOf(key, x, emission, [1, 3, 3, 1], 4);
  if (isBilinear(values)) return resized(emitter, x.name, 2, 'bilinear');
  const inner = 1 + Math.floor((taps - 1) / 2);
  const around = emitter.node('Pad', [x.name, emitter.integers([0, 0, 1, 1, 0, 0, 1, 1])], { mode: 'edge' });
  const spread = emitter.node('ConvTranspose', [around, filter()], {
    kernel_shape: [taps, taps],
    strides: [2, 2],
    pads: [inner, inner, inner, inner],
    group: x.channels,
  });
  const end = taps % 2 === 1 ? Number.MAX_SAFE_INTEGER : -1;
  return emitter.node('Slice', [
    spread,
    emitter.integers([1, 1]),
    emitter.integers([end, end]),
    emitter.integers([2, 3]),
  ]);
}

interface Filter {
  readonly taps: number;
  /** Of one channel. */
  readonly values: Float32Array;
  /** The stored filter, when it is needed. */
  readonly filter: () => ValueName;
}

/** The file's filter, else the usual one. */
function filterOf(key: string, x: Value, emission: Emission, usual: readonly number[], gain = 1): Filter {
  const { emitter, tensors } = emission;
  const stored = tensors.takeIfThere(`${key}.filt`);
  const taps = stored ? stored.shape.at(-1)! : usual.length;
  const shape = [x.channels, 1, taps, taps];
  if (stored && String(stored.shape) !== String(shape))
    throw tensors.mismatch(`${key}.filt is [${stored.shape.join(', ')}] instead of [${shape.join(', ')}]`);
  const data = stored?.data ?? repeated(binomial(usual, gain), x.channels);
  const filter = () => emitter.floats(data, shape, `${key}.filt`);
  return { taps, values: data.subarray(0, taps ** 2), filter };
}

function binomial(taps: readonly number[], gain: number): Float32Array {
  const sum = taps.reduce((total, tap) => total + tap, 0) ** 2;
  return Float32Array.from(taps.flatMap(a => taps.map(b => (gain * a * b) / sum)));
}

function repeated(values: Float32Array, times: number): Float32Array {
  const all = new Float32Array(values.length * times);
  for (let at = 0; at < times; at++) all.set(values, at * values.length);
  return all;
}

/** With [1, 3, 3, 1] it is doubling with linear interpolation, for which runtimes have an operation. */
function isBilinear(values: Float32Array): boolean {
  const expected = binomial([1, 3, 3, 1], 4);
  return values.length === expected.length && values.every((value, at) => Math.abs(value - expected[at]!) < 1e-6);
}
