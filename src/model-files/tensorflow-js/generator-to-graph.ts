/**
 * One of our generators as a GraphModel for TensorFlow.js: its layer table as TensorFlow's operations, which its standard
 * packages run in a browser without code of ours. Sizes stay open: what depends on them is computed from the image's.
 */
import { CycleboxError } from '../../base/index.js';
import {
  type ConvolutionLayer,
  type GeneratorSpec,
  type Layer,
  layersOf,
  type WeightTensors,
} from '../../nets/index.js';
import { flag, type GraphFile, GraphWriter, integer, type NodeName, numbers, real, text } from './graph-writer.js';
import { transposedKernel } from './layer-values.js';

const epsilon = 1e-5;
const nhwc = { data_format: text('NHWC') };

/**
 * @param weights by PyTorch key; biases that cancel are not needed
 * @throws CycleboxError MODEL_INVALID for a layer that has no counterpart
 */
export function generatorToGraph(
  spec: GeneratorSpec,
  weights: WeightTensors,
  metadata: Readonly<Record<string, string>>,
): readonly GraphFile[] {
  const writer = new GraphWriter();
  const image = writer.input('image', spec.inputChannels);
  const { prefix, layers } = layersOf(spec);
  const last = emitList(prefix, layers, image, { writer, weights });
  return writer.files(image, writer.node('Identity', [last], {}, 'translated'), metadata);
}

interface Scene {
  readonly writer: GraphWriter;
  readonly weights: WeightTensors;
}

function emitList(prefix: string, layers: readonly Layer[], x: NodeName, scene: Scene): NodeName {
  return layers.reduce((value, layer, at) => emitLayer(`${prefix}.${at}`, layer, value, scene), x);
}

function emitLayer(key: string, layer: Layer, x: NodeName, scene: Scene): NodeName {
  const { writer } = scene;
  switch (layer.op) {
    case 'conv':
      return biased(key, layer, convolved(key, layer, x, scene), scene);
    case 'transposed':
      return biased(key, layer, transposed(key, layer, x, scene), scene);
    case 'resized':
      return biased(key, layer, resized(key, x, scene), scene);
    case 'reflectPad':
      return writer.node('MirrorPad', [x, borders(layer.cells, writer)], { mode: text('REFLECT') });
    case 'instanceNorm':
      return normalised(x, writer);
    case 'batchNorm':
      return batchNormalised(key, layer.channels, x, scene);
    case 'leakyRelu':
      return layer.slope === 0 ? writer.node('Relu', [x]) : writer.node('LeakyRelu', [x], { alpha: real(layer.slope) });
    case 'tanh':
      return writer.node('Tanh', [x]);
    case 'dropout':
    case 'identity':
      return x;
    case 'residual':
      return writer.node('AddV2', [x, emitList(`${key}.${layer.name}`, layer.layers, x, scene)]);
    case 'skip': {
      const inner = emitList(`${key}.${layer.name}`, layer.layers, x, scene);
      return writer.node('ConcatV2', [x, inner, writer.integers([3], [])], { N: integer(2) });
    }
    case 'groupNorm':
    case 'blur':
    case 'mean':
      throw new CycleboxError(
        'MODEL_INVALID',
        `A layer of the kind ${layer.op} is not written for TensorFlow.js. Export it as ONNX.`,
      );
    default:
      return layer satisfies never;
  }
}

function borders(cells: number, writer: GraphWriter): NodeName {
  return writer.integers([0, 0, cells, cells, cells, cells, 0, 0], [4, 2]);
}

function geometry(stride: number) {
  return { ...nhwc, padding: text('VALID'), strides: numbers(1, stride, stride, 1), dilations: numbers(1, 1, 1, 1) };
}

/** `[out, in, kh, kw]` of PyTorch becomes `[kh, kw, in, out]`. */
function convolved(key: string, layer: ConvolutionLayer, x: NodeName, { writer, weights }: Scene): NodeName {
  const kernel = transposedKernel(weights[`${key}.weight`]!, [2, 3, 1, 0]);
  const around = layer.padding === 0 ? x : writer.node('Pad', [x, borders(layer.padding, writer)]);
  return writer.node(
    'Conv2D',
    [around, writer.floats(kernel.data, kernel.shape, `${key}.weight`)],
    geometry(layer.stride),
  );
}

/**
 * `[in, out, kh, kw]` becomes `[kh, kw, out, in]`; the result without padding, of which PyTorch cuts `padding` cells off on all
 * sides, less `outputPadding` of them behind.
 */
function transposed(key: string, layer: ConvolutionLayer, x: NodeName, { writer, weights }: Scene): NodeName {
  const kernel = transposedKernel(weights[`${key}.weight`]!, [2, 3, 1, 0]);
  const { stride, padding, outputPadding, outputs } = layer;
  const more = layer.kernel - stride;
  const size = computedSize(x, { times: stride, more, channels: outputs }, writer);
  const stored = writer.floats(kernel.data, kernel.shape, `${key}.weight`);
  const whole = writer.node('Conv2DBackpropInput', [size, stored, x], geometry(stride));
  return cropped(whole, padding, padding - outputPadding, writer);
}

/** `[n, times · h + more, times · w + more, channels]`, of the value's own size. */
function computedSize(
  x: NodeName,
  { times, more, channels }: { readonly times: number; readonly more: number; readonly channels: number },
  writer: GraphWriter,
): NodeName {
  const shape = writer.node('Shape', [x], { out_type: { type: 'DT_INT32' } });
  const [n, height, width] = [0, 1, 2].map(axis => sizeAt(shape, axis, writer));
  const grown = (side: NodeName) => {
    const product = writer.node('Mul', [side, writer.integers([times], [])], { T: { type: 'DT_INT32' } });
    return writer.node('AddV2', [product, writer.integers([more], [])], { T: { type: 'DT_INT32' } });
  };
  const parts = [n!, grown(height!), grown(width!), writer.integers([channels], [])];
  return writer.node('Pack', parts, { axis: integer(0), N: integer(4), T: { type: 'DT_INT32' } });
}

function sizeAt(shape: NodeName, axis: number, writer: GraphWriter): NodeName {
  const [begin, end] = [writer.integers([axis]), writer.integers([axis + 1])];
  return writer.node('StridedSlice', [shape, begin, end, writer.integers([1])], {
    T: { type: 'DT_INT32' },
    ...masks({ shrink: 1 }),
  });
}

function masks({ begin = 0, end = 0, shrink = 0 }: { begin?: number; end?: number; shrink?: number }) {
  return {
    begin_mask: integer(begin),
    end_mask: integer(end),
    ellipsis_mask: integer(0),
    new_axis_mask: integer(0),
    shrink_axis_mask: integer(shrink),
  };
}

/** So many cells before and behind both axes of the image. */
function cropped(x: NodeName, before: number, behind: number, writer: GraphWriter): NodeName {
  const [begin, end] = [writer.integers([0, before, before, 0]), writer.integers([0, -behind, -behind, 0])];
  // Bits of axes whose bound is left open: of the batch and the channels both, of the image where nothing is cut.
  const sides = behind === 0 ? 0b1111 : 0b1001;
  const steps = writer.integers([1, 1, 1, 1]);
  return writer.node('StridedSlice', [x, begin, end, steps], masks({ begin: 0b1001, end: sides }));
}

/** Doubling, then a convolution with zeros around: the kernel turned by 180°, its channels exchanged. */
function resized(key: string, x: NodeName, { writer, weights }: Scene): NodeName {
  const { shape, data } = weights[`${key}.weight`]!;
  const turned = transposedKernel({ shape, data: rotated(data, shape[2]! * shape[3]!) }, [2, 3, 0, 1]);
  const sizes = computedSize(x, { times: 2, more: 0, channels: 1 }, writer);
  const sides = writer.node('StridedSlice', [sizes, writer.integers([1]), writer.integers([3]), writer.integers([1])], {
    T: { type: 'DT_INT32' },
    ...masks({}),
  });
  const doubled = writer.node('ResizeNearestNeighbor', [x, sides], {
    align_corners: flag(false),
    half_pixel_centers: flag(true),
  });
  const around = writer.node('Pad', [doubled, borders(1, writer)]);
  return writer.node('Conv2D', [around, writer.floats(turned.data, turned.shape, `${key}.weight`)], geometry(1));
}

/** Each kernel of so many cells backwards. */
function rotated(data: Float32Array, cells: number): Float32Array {
  return data.map((_, at) => data[at - (at % cells) + (cells - 1 - (at % cells))]!);
}

function biased(key: string, layer: ConvolutionLayer, x: NodeName, { writer, weights }: Scene): NodeName {
  const bias = layer.bias ? weights[`${key}.bias`] : undefined;
  if (!bias) return x;
  return writer.node('BiasAdd', [x, writer.floats(bias.data, bias.shape, `${key}.bias`)], nhwc);
}

/** `(x - mean) / sqrt(variance + epsilon)` over the image. */
function normalised(x: NodeName, writer: GraphWriter): NodeName {
  const mean = meanOf(x, writer);
  const variance = meanOf(writer.node('SquaredDifference', [x, mean]), writer);
  const safe = writer.node('AddV2', [variance, writer.floats(Float32Array.of(epsilon), [])]);
  return writer.node('Mul', [writer.node('Sub', [x, mean]), writer.node('Rsqrt', [safe])]);
}

function meanOf(x: NodeName, writer: GraphWriter): NodeName {
  return writer.node('Mean', [x, writer.integers([1, 2])], { keep_dims: flag(true) });
}

function batchNormalised(key: string, channels: number, x: NodeName, { writer, weights }: Scene): NodeName {
  const stored = (name: string) => writer.floats(weights[`${key}.${name}`]!.data, [channels], `${key}.${name}`);
  const inputs = [x, stored('weight'), stored('bias'), stored('running_mean'), stored('running_var')];
  return writer.node('FusedBatchNormV3', inputs, { ...nhwc, epsilon: real(epsilon), is_training: flag(false) });
}
