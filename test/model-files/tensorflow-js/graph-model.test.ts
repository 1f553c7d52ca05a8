/** GraphModels as TensorFlow's converter writes them, read as ONNX: they give what TensorFlow.js gives of the same files. */
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import type { io } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { readModel } from '../../../src/model-files/index.js';
import { temporaryFolder } from '../../support/pictures.js';
import { wave } from '../../support/state-dict-file.js';
import { predicted, translated, writeArtifacts } from '../../support/tensorflow-model.js';

type Attributes = Readonly<Record<string, unknown>>;

interface Constant {
  readonly shape: readonly number[];
  readonly values: readonly number[];
  readonly dtype?: 'float32' | 'int32';
}

interface Graph {
  /** By name: operation, inputs, attributes. The last is the output. */
  readonly nodes: Readonly<Record<string, readonly [op: string, inputs: readonly string[], attributes?: Attributes]>>;
  readonly constants: Readonly<Record<string, Constant>>;
}

const text = (value: string) => ({ s: Buffer.from(value).toString('base64') });
const texts = (...values: readonly string[]) => ({ list: { s: values.map(value => text(value).s) } });
const ints = (...values: readonly number[]) => ({ list: { i: values.map(String) } });
const float = { type: 'DT_FLOAT' };
const shapeOf = (sizes: readonly number[]) => ({ shape: { dim: sizes.map(size => ({ size: String(size) })) } });
const whole = (values: readonly number[], shape = [values.length]): Constant => ({ shape, values, dtype: 'int32' });
const waves = (shape: readonly number[], seed: number): Constant => ({
  shape,
  values: [
    ...wave(
      shape.reduce((a, b) => a * b, 1),
      seed,
      0.4,
    ),
  ],
});

function artifacts({ nodes, constants }: Graph): io.ModelArtifacts {
  const stored = Object.entries(constants);
  const parts = stored.map(([, { values, dtype }]) =>
    Buffer.from((dtype === 'int32' ? Int32Array.from(values) : Float32Array.from(values)).buffer),
  );
  const joined = Buffer.concat(parts);
  return {
    format: 'graph-model',
    modelTopology: {
      versions: { producer: 1 },
      node: [
        { name: 'x', op: 'Placeholder', attr: { dtype: float, ...{ shape: shapeOf([-1, -1, -1, 3]) } } },
        ...stored.map(([name, { dtype }]) => ({
          name,
          op: 'Const',
          attr: { dtype: { type: dtype === 'int32' ? 'DT_INT32' : 'DT_FLOAT' } },
        })),
        ...Object.entries(nodes).map(([name, [op, input, attr = {}]]) => ({
          name,
          op,
          input,
          attr: { T: float, ...attr },
        })),
      ],
    },
    weightSpecs: stored.map(([name, { shape, dtype = 'float32' }]) => ({ name, shape: [...shape], dtype })),
    weightData: joined.buffer.slice(joined.byteOffset, joined.byteOffset + joined.length),
  };
}

async function expectSame(graph: Graph): Promise<void> {
  const folder = await temporaryFolder();
  const made = artifacts(graph);
  await writeArtifacts(made, folder);
  const model = await loadGraphModel({ load: async () => made });
  const expected = predicted(x => model.predict(x) as never);
  model.dispose();
  const found = await translated(folder);
  expect(found).toHaveLength(expected.length);
  for (const [at, value] of expected.entries()) expect(Math.abs(found[at]! - value)).toBeLessThan(1e-4);
}

const nhwc = { data_format: text('NHWC') };
const conv = (padding: string, stride = 1) => ({
  ...nhwc,
  padding: text(padding),
  strides: ints(1, stride, stride, 1),
  dilations: ints(1, 1, 1, 1),
});

test('convolutions with what is fused into them, and instance normalisation spelt out', async () => {
  await expectSame({
    constants: {
      k1: waves([3, 3, 3, 4], 1),
      b1: waves([4], 2),
      k2: waves([4, 4, 4, 6], 3),
      k3: waves([3, 3, 6, 1], 4),
      axes: whole([1, 2]),
      small: { shape: [], values: [1e-5] },
      k4: waves([1, 1, 6, 3], 5),
      mirror: whole([0, 0, 1, 1, 1, 1, 0, 0], [4, 2]),
    },
    nodes: {
      mirrored: ['MirrorPad', ['x', 'mirror'], { mode: text('REFLECT') }],
      c1: [
        '_FusedConv2D',
        ['mirrored', 'k1', 'b1'],
        { ...conv('VALID'), fused_ops: texts('BiasAdd', 'Relu'), num_args: { i: '1' } },
      ],
      c2: ['Conv2D', ['c1', 'k2'], conv('SAME', 2)],
      c3: ['DepthwiseConv2dNative', ['c2', 'k3'], conv('SAME')],
      mean: ['Mean', ['c3', 'axes'], { keep_dims: { b: true } }],
      squares: ['SquaredDifference', ['c3', 'mean']],
      variance: ['Mean', ['squares', 'axes'], { keep_dims: { b: true } }],
      safe: ['AddV2', ['variance', 'small']],
      scale: ['Rsqrt', ['safe']],
      centred: ['Sub', ['c3', 'mean']],
      normal: ['Mul', ['centred', 'scale']],
      leaky: ['LeakyRelu', ['normal'], { alpha: { f: 0.2 } }],
      last: ['Conv2D', ['leaky', 'k4'], conv('VALID')],
      y: ['Tanh', ['last']],
    },
  });
});

test('transposed convolutions and resizing to sizes that are computed from the image’s', async () => {
  await expectSame({
    constants: {
      k1: waves([3, 3, 3, 4], 1),
      k2: waves([3, 3, 5, 4], 2),
      k3: waves([1, 1, 5, 3], 3),
      begin: whole([1]),
      end: whole([3]),
      step: whole([1]),
      one: whole([2]),
      two: whole([3]),
      three: whole([1]),
      times: whole([2], []),
      channels: whole([5], []),
      zero: whole([0]),
      first: whole([1]),
    },
    nodes: {
      c1: ['Conv2D', ['x', 'k1'], conv('SAME', 2)],
      shape: ['Shape', ['c1']],
      n: ['StridedSlice', ['shape', 'zero', 'first', 'step'], { shrink_axis_mask: { i: '1' } }],
      h: ['StridedSlice', ['shape', 'three', 'one', 'step'], { shrink_axis_mask: { i: '1' } }],
      w: ['StridedSlice', ['shape', 'one', 'two', 'step'], { shrink_axis_mask: { i: '1' } }],
      height: ['Mul', ['h', 'times']],
      width: ['Mul', ['w', 'times']],
      size: ['Pack', ['n', 'height', 'width', 'channels'], { axis: { i: '0' } }],
      up: ['Conv2DBackpropInput', ['size', 'k2', 'c1'], conv('SAME', 2)],
      again: ['Shape', ['up']],
      sides: ['StridedSlice', ['again', 'begin', 'end', 'step'], {}],
      doubled: ['Mul', ['sides', 'times']],
      near: ['ResizeNearestNeighbor', ['up', 'doubled'], { half_pixel_centers: { b: true } }],
      soft: ['ResizeBilinear', ['near', 'sides'], { half_pixel_centers: { b: true } }],
      last: ['Conv2D', ['soft', 'k3'], conv('SAME')],
      y: ['Sigmoid', ['last']],
    },
  });
});

test('batch normalisation, pixels out of channels, and values joined along the channels', async () => {
  await expectSame({
    constants: {
      k1: waves([3, 3, 3, 12], 1),
      scale: { shape: [12], values: [...wave(12, 2, 0.2, 1)] },
      shift: waves([12], 3),
      mean: waves([12], 4),
      variance: { shape: [12], values: [...wave(12, 5, 0.3, 1)] },
      axis: whole([3], []),
      k2: waves([1, 1, 6, 3], 6),
      double: whole([24, 32]),
      pads: whole([0, 0, 1, 0, 0, 1, 0, 0], [4, 2]),
      low: { shape: [], values: [-0.5] },
      high: { shape: [], values: [0.5] },
    },
    nodes: {
      c1: ['Conv2D', ['x', 'k1'], conv('SAME')],
      b1: ['FusedBatchNormV3', ['c1', 'scale', 'shift', 'mean', 'variance'], { ...nhwc, epsilon: { f: 0.001 } }],
      pixels: ['DepthToSpace', ['b1'], { ...nhwc, block_size: { i: '2' } }],
      large: ['ResizeNearestNeighbor', ['x', 'double'], { half_pixel_centers: { b: true } }],
      both: ['ConcatV2', ['pixels', 'large', 'axis']],
      padded: ['Pad', ['both', 'pads']],
      pooled: [
        'AvgPool',
        ['padded'],
        { ...nhwc, padding: text('SAME'), ksize: ints(1, 2, 2, 1), strides: ints(1, 1, 1, 1) },
      ],
      last: ['Conv2D', ['pooled', 'k2'], conv('VALID')],
      y: ['ClipByValue', ['last', 'low', 'high']],
    },
  });
});

test('an operation that is not known is refused by name', async () => {
  const folder = await temporaryFolder();
  await writeArtifacts(artifacts({ constants: {}, nodes: { y: ['Whatever', ['x']] } }), folder);
  await expect(readModel(folder)).rejects.toThrow('its operation y (Whatever) is of a kind that is not known here');
});

test('a graph that leads in a circle is refused', async () => {
  const folder = await temporaryFolder();
  const nodes: Graph['nodes'] = { a: ['Add', ['x', 'b']], b: ['Relu', ['a']], y: ['Relu', ['b']] };
  await writeArtifacts(artifacts({ constants: {}, nodes }), folder);
  await expect(readModel(folder)).rejects.toThrow('depends on itself');
});
