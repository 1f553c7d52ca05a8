/**
 * Weight files of networks that others wrote, made on the spot: a state_dict's keys and shapes, with values that a formula
 * gives, in either of PyTorch's containers. The same formula in PyTorch gave what tests expect of them.
 */
import { archive, legacyFile, stateDict, type TensorPieces } from './pickle-bytes.js';

export type Shapes = readonly (readonly [key: string, shape: readonly number[]])[];

export interface StateDictFile {
  readonly container?: 'zip' | 'legacy';
  /** Changes values of a key: `value · factor + summand`. */
  readonly change?: Readonly<Record<string, readonly [factor: number, summand: number]>>;
  /** In place of the formula's. */
  readonly values?: Readonly<Record<string, Float32Array>>;
}

/** `offset + scale · sin(0.7 (i + 1) + 1.3 seed)` at the place i of its values. */
export function wave(count: number, seed: number, scale: number, offset = 0): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => offset + scale * Math.sin(0.7 * (i + 1) + 1.3 * seed));
}

/** The bytes of a file. Scales of normalisations and running variances lie around 1, all else around 0. */
export function stateDictFile(
  shapes: Shapes,
  { container = 'zip', change = {}, values: given = {} }: StateDictFile = {},
): Buffer {
  const tensors: TensorPieces[] = [];
  const storages: [string, number, Buffer][] = [];
  shapes.forEach(([key, size], place) => {
    const elements = size.reduce((product, side) => product * side, 1);
    const isScale = key.endsWith('running_var') || (key.endsWith('weight') && size.length === 1);
    const [factor, summand] = change[key] ?? [1, 0];
    const waves = wave(elements, place, 0.3, isScale ? 1 : 0).map(value => value * factor + summand);
    const values = given[key] ?? waves;
    const stride = size.map((_, axis) => size.slice(axis + 1).reduce((product, side) => product * side, 1));
    tensors.push({ key, storage: String(place), elements, size, stride });
    storages.push([String(place), elements, Buffer.from(values.buffer)]);
  });
  const pickle = stateDict(tensors);
  if (container === 'legacy') return legacyFile(pickle, storages);
  return archive(pickle, Object.fromEntries(storages.map(([key, , content]) => [key, content])));
}

/** A convolution's two tensors. */
const convolution = (key: string, shape: readonly number[], bias = shape[0]!): Shapes => [
  [`${key}.weight`, shape],
  [`${key}.bias`, [bias]],
];

/** Two tensors of a normalisation. */
const affine = (key: string, channels: number): Shapes => [
  [`${key}.weight`, [channels]],
  [`${key}.bias`, [channels]],
];

/** CUT's resnet of width 2 and one block, anti-aliased both ways; the filters are said apart. */
export const cutShapes: Shapes = [
  ...convolution('model.1', [2, 3, 7, 7]),
  ...convolution('model.4', [4, 2, 3, 3]),
  ...convolution('model.8', [8, 4, 3, 3]),
  ...convolution('model.12.conv_block.1', [8, 8, 3, 3]),
  ...convolution('model.12.conv_block.5', [8, 8, 3, 3]),
  ...convolution('model.14', [4, 8, 3, 3]),
  ...convolution('model.18', [2, 4, 3, 3]),
  ...convolution('model.22', [3, 2, 7, 7]),
];

/** The reference's resnet of the same sizes, whose layers have other places. */
export const resnetShapes: Shapes = cutShapes.map(([key, shape]) => {
  const places: Readonly<Record<string, number>> = { 8: 7, 12: 10, 14: 11, 18: 14, 22: 18 };
  const renamed = key.replace(/^model\.(\d+)/, (_, place: string) => `model.${places[place] ?? place}`);
  // Transposed convolutions have their two channel sizes the other way round.
  const isTransposed = key === 'model.14.weight' || key === 'model.18.weight';
  return [renamed, isTransposed ? [shape[1]!, shape[0]!, 3, 3] : shape];
});

/** The file of that network; `up` are the taps of the filters before its last layers, 4 in CUT's own. */
export function cutFile(up: readonly number[] = [1, 3, 3, 1], options: StateDictFile = {}): Buffer {
  const down = [1, 2, 1];
  const filters = [
    ['model.7.filt', 4, down, 1],
    ['model.11.filt', 8, down, 1],
    ['model.13.filt', 8, up, 4],
    ['model.17.filt', 4, up, 4],
  ] as const;
  const shapes = filters.map(([key, channels, { length }]) => [key, [channels, 1, length, length]] as const);
  const values = filters.map(([key, channels, taps, gain]) => [key, filter(channels, taps, gain)] as const);
  return stateDictFile([...cutShapes, ...shapes], { ...options, values: Object.fromEntries(values) });
}

/** `[channels, 1, taps, taps]`: products of the taps with the sum `gain`, the same for every channel. */
function filter(channels: number, taps: readonly number[], gain: number): Float32Array {
  const sum = taps.reduce((total, tap) => total + tap, 0) ** 2;
  const cells = taps.flatMap(a => taps.map(b => (gain * a * b) / sum));
  return Float32Array.from({ length: channels * cells.length }, (_, at) => cells[at % cells.length]!);
}

/** The net of PyTorch's example of fast neural style, of width 2 and two blocks. */
export const styleShapes: Shapes = [
  ...[...convolution('conv1.conv2d', [2, 3, 9, 9]), ...affine('in1', 2)],
  ...[...convolution('conv2.conv2d', [4, 2, 3, 3]), ...affine('in2', 4)],
  ...[...convolution('conv3.conv2d', [8, 4, 3, 3]), ...affine('in3', 8)],
  ...['res1', 'res2'].flatMap(name => [
    ...[...convolution(`${name}.conv1.conv2d`, [8, 8, 3, 3]), ...affine(`${name}.in1`, 8)],
    ...[...convolution(`${name}.conv2.conv2d`, [8, 8, 3, 3]), ...affine(`${name}.in2`, 8)],
  ]),
  ...[...convolution('deconv1.conv2d', [4, 8, 3, 3]), ...affine('in4', 4)],
  ...[...convolution('deconv2.conv2d', [2, 4, 3, 3]), ...affine('in5', 2)],
  ...convolution('deconv3.conv2d', [3, 2, 9, 9]),
];

const statistics = (key: string, channels: number): Shapes => [
  ...affine(key, channels),
  [`${key}.running_mean`, [channels]],
  [`${key}.running_var`, [channels]],
];

/** A generator with batch normalisation of nobody's family: two halvings without padding between, one block. */
export const unknownShapes: Shapes = [
  ['conv1.0.weight', [4, 3, 4, 4]],
  ...statistics('conv1.1', 4),
  ['conv2.0.weight', [6, 4, 4, 4]],
  ['resnet_block.conv_layer.0.weight', [6, 6, 3, 3]],
  ...statistics('resnet_block.conv_layer.1', 6),
  ['deconv1.0.weight', [6, 4, 4, 4]],
  ...statistics('deconv1.1', 4),
  ['deconv2.0.weight', [4, 3, 4, 4]],
];

/** What a user would write beside it. */
export const unknownDescription = {
  title: 'a small generator',
  range: '-1..1',
  layers: [
    ...[{ op: 'conv', key: 'conv1.0', stride: 2, padding: 1 }, { op: 'batchNorm', key: 'conv1.1' }, { op: 'relu' }],
    ...[{ op: 'conv', key: 'conv2.0', stride: 2 }, { op: 'relu' }],
    {
      op: 'residual',
      key: 'resnet_block.conv_layer',
      layers: [{ op: 'conv', padding: 1 }, { op: 'batchNorm' }],
    },
    { op: 'relu' },
    ...[{ op: 'transposed', key: 'deconv1.0', stride: 2 }, { op: 'batchNorm', key: 'deconv1.1' }, { op: 'relu' }],
    ...[{ op: 'transposed', key: 'deconv2.0', stride: 2, padding: 1 }, { op: 'tanh' }],
  ],
};
