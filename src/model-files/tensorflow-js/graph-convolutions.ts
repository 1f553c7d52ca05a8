/** TensorFlow's operations with kernels as ONNX nodes, with what the converter has fused into them. */
import type { ValueName } from '../../onnx/index.js';
import { sameBorders, samePads } from './convolution-layers.js';
import type { GraphContext } from './graph-context.js';
import type { TensorFlowWeight } from './manifest.js';

/** Conv2D and _FusedConv2D: x `[n, h, w, c]`, kernel `[kh, kw, c, k]`. */
export function convolution(context: GraphContext): ValueName {
  return convolved(context, context.kernel(1, [3, 2, 0, 1]), 1);
}

/** DepthwiseConv2dNative: kernel `[kh, kw, c, times]`. */
export function depthwise(context: GraphContext): ValueName {
  const { shape, data } = context.kernel(1, [2, 3, 0, 1]);
  const [channels, times, ...sides] = shape as [number, number, number, number];
  return convolved(context, { data, shape: [channels * times, 1, ...sides] }, channels);
}

function convolved(context: GraphContext, kernel: TensorFlowWeight, groups: number): ValueName {
  const { emitter, node } = context;
  const geometry = {
    kernel_shape: kernel.shape.slice(2),
    strides: context.sides('strides'),
    dilations: node.has('dilations') ? context.sides('dilations') : ([1, 1] as const),
  };
  const result = context.channelsFirst(context.input(0), x =>
    emitter.node('Conv', [x, context.floats(kernel)], {
      ...geometry,
      group: groups,
      ...padding(context, geometry),
    }),
  );
  return fused(context, result);
}

interface Geometry {
  readonly kernel_shape: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
}

function padding(context: GraphContext, { kernel_shape: sides, strides, dilations }: Geometry) {
  const { node } = context;
  const kind = node.text('padding', 'VALID');
  if (kind === 'SAME') return sameBorders(sides, strides, dilations);
  if (kind === 'VALID') return {};
  const explicit = node.integers('explicit_paddings');
  if (kind !== 'EXPLICIT' || explicit.length !== 8) throw node.refuse(`has the padding ${kind}`);
  const at = context.isChannelsLast ? 2 : 4;
  return { pads: [explicit[at]!, explicit[at + 2]!, explicit[at + 1]!, explicit[at + 3]!] };
}

/** Conv2DBackpropInput, a transposed convolution: the size of the result, kernel `[kh, kw, out, in]`, x. */
export function transposedConvolution(context: GraphContext): ValueName {
  const { emitter, node } = context;
  const kernel = context.kernel(1, [3, 2, 0, 1]);
  const sides = kernel.shape.slice(2);
  const strides = context.sides('strides');
  const kind = node.text('padding', 'VALID');
  if (kind !== 'SAME' && kind !== 'VALID') throw node.refuse(`has the padding ${kind}`);
  return context.channelsFirst(context.input(2), x =>
    emitter.node('ConvTranspose', [x, context.floats(kernel)], {
      kernel_shape: sides,
      strides,
      ...(kind === 'SAME' && samePads(sides, strides)),
    }),
  );
}

/** What comes behind: `BiasAdd`, then an activation. */
function fused(context: GraphContext, result: ValueName): ValueName {
  let next = 2;
  return context.node.texts('fused_ops').reduce((x, op) => {
    switch (op) {
      case 'BiasAdd':
        return biased(context, x, next++);
      case 'Prelu':
        return context.emitter.node('PRelu', [x, context.input(next++)]);
      default:
        return activation(context, op, x);
    }
  }, result);
}

export function biased(context: GraphContext, x: ValueName, at: number): ValueName {
  const { emitter } = context;
  if (context.isChannelsLast) return emitter.node('Add', [x, context.input(at)]);
  const { data, shape } = context.constant(at);
  return emitter.node('Add', [x, emitter.floats(data, [shape[0]!, 1, 1])]);
}

export function activation({ emitter, node }: GraphContext, op: string, x: ValueName): ValueName {
  switch (op) {
    case 'Relu':
    case 'Tanh':
    case 'Sigmoid':
    case 'Softplus':
      return emitter.node(op, [x]);
    case 'Elu':
      return emitter.node(op, [x], { alpha: 1 });
    case 'Relu6':
      return emitter.node('Clip', [x, emitter.filled(0), emitter.filled(6)]);
    case 'LeakyRelu':
      return emitter.node('LeakyRelu', [x], {
        alpha: node.float(node.has('alpha') ? 'alpha' : 'leakyrelu_alpha', 0.2),
      });
    default:
      throw node.refuse(`is fused with ${op}, which is not known here`);
  }
}
