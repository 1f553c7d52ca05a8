/**
 * Pixels on their way to a device and back, four bytes in a whole number: a quarter of what floats take, and nothing is left to do
 * on this side. Two small models, of any size of image; WebGPU has numbers of 32 bits and no bytes.
 *
 * Bytes lie as the picture has them, red, green, blue, row by row; the first of four is the lowest.
 */
import { OnnxEmitter } from './emitter.js';

/** What each of a number's four bytes counts for. */
const places = Float32Array.of(1, 2 ** 8, 2 ** 16, 2 ** 24);

/**
 * `words` uint32 `[m]` and `shape` int64 `[4]`, which is `[1, h, w, 3]` with h · w · 3 = 4 · m → `image` float32 `[1, 3, h, w]`, byte
 * b ↦ b / 127.5 - 1.
 */
export function encodeUnpacking(): Uint8Array {
  const emitter = new OnnxEmitter();
  const words = emitter.input('words', ['m'], 'uint32');
  const shape = emitter.input('shape', [4], 'int64');
  const uint32 = (values: Float32Array, dims: readonly number[]) =>
    emitter.cast(emitter.floats(values, dims), 'uint32');
  const column = emitter.node('Reshape', [words, emitter.integers([-1, 1])]);
  const shifted = emitter.node('Div', [column, uint32(places, [1, 4])]);
  const byte = uint32(Float32Array.of(256), [1]);
  const above = emitter.node('Mul', [emitter.node('Div', [shifted, byte]), byte]);
  const bytes = emitter.cast(emitter.node('Sub', [shifted, above]), 'float32');
  const planes = emitter.node('Transpose', [emitter.node('Reshape', [bytes, shape])], { perm: [0, 3, 1, 2] });
  const image = emitter.node('Sub', [emitter.node('Div', [planes, emitter.filled(127.5)]), emitter.filled(1)]);
  emitter.output('image', image, [1, 3, 'h', 'w']);
  return emitter.encode('unpack');
}

/**
 * `image` float32 `[1, 3, h, w]` → `words` uint32 `[h · w · 3 / 4]` of the bytes nearest to (v + 1) · 127.5, and `sum` float32 `[1]`,
 * which is no number if any value is none: bytes would not tell.
 */
export function encodePacking(): Uint8Array {
  const emitter = new OnnxEmitter();
  const image = emitter.input('image', [1, 3, 'h', 'w']);
  const pixels = emitter.node('Transpose', [image], { perm: [0, 2, 3, 1] });
  const raised = emitter.node('Add', [pixels, emitter.filled(1)]);
  const scaled = emitter.node('Add', [emitter.node('Mul', [raised, emitter.filled(127.5)]), emitter.filled(0.5)]);
  const whole = emitter.node('Floor', [emitter.node('Clip', [scaled, emitter.filled(0), emitter.filled(255)])]);
  const four = emitter.node('Reshape', [emitter.cast(whole, 'uint32'), emitter.integers([-1, 4])]);
  const placed = emitter.node('Mul', [four, emitter.cast(emitter.floats(places, [1, 4]), 'uint32')]);
  const parts = emitter.nodeOf('Split', [placed], { axis: 1 }, [true, true, true, true]);
  const word = parts.reduce((sum, part) => emitter.node('Add', [sum, part]));
  emitter.output('words', emitter.node('Reshape', [word, emitter.integers([-1])]), ['m'], 'uint32');
  const rows = emitter.node('ReduceSum', [image, emitter.integers([3])], { keepdims: 0 });
  const sum = emitter.node('ReduceSum', [rows, emitter.integers([1, 2])], { keepdims: 0 });
  emitter.output('sum', sum, [1]);
  return emitter.encode('pack');
}
