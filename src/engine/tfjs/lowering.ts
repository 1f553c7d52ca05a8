/**
 * From the tensor language to calls of TensorFlow.js. Every operation has one entry; those that need more than a call or
 * two live in files of their own (convolution, normalisation, padding). Elementwise operations, reductions and moves
 * follow the layout of what they are given.
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import { CycleboxError } from '../../base/index.js';
import { formatShape, type OpName, type Shape } from '../../graph/index.js';
import { concreteShape } from '../graph-shapes.js';
import { lowerConv2d, lowerConv2dInputGrad, lowerConv2dWeightGrad } from './convolution.js';
import type { Tensorflow } from './installation.js';
import { axisInLayout, type Layout, toLayout } from './layout.js';
import { lowerLeakyRelu, lowerLeakyReluGrad } from './leaky-relu.js';
import {
  commonLayout,
  inLayout,
  type LaidOutSlot,
  type Lowering,
  type LoweringContext,
  type Value,
} from './lowering-context.js';
import { lowerInstanceNorm, lowerInstanceNormGrad } from './normalisation.js';
import { lowerPad, lowerReflectPad, lowerReflectPadGrad, lowerSlice, lowerSliceGrad } from './padding.js';
import type { Kernel } from './plan-builder.js';
import { type Reduction, reduce } from './reductions.js';

type UnaryName = 'neg' | 'abs' | 'exp' | 'log' | 'sqrt' | 'tanh' | 'sigmoid' | 'softplus';
type BinaryName = 'add' | 'sub' | 'mul' | 'div';

const unary =
  (name: UnaryName) =>
  ({ builder, inputs: [x] }: LoweringContext<UnaryName>): LaidOutSlot => ({
    slot: builder.call(name, [x!.slot], (tf, [value]) => tf[name](value!)),
    layout: x!.layout,
  });

const binary =
  (name: BinaryName) =>
  ({ builder, inputs, shape }: LoweringContext<BinaryName>): LaidOutSlot => {
    const layout = shape.length === 4 ? commonLayout(inputs) : 'plain';
    const operands = inputs.map(input => operand(builder, input, layout, shape.length));
    return { slot: builder.call(name, operands, (tf, [a, b]) => tf[name](a!, b!)), layout };
  };

const reduction =
  (name: Reduction) =>
  ({ builder, device, inputs: [x], attributes: { axes } }: LoweringContext<Reduction>): LaidOutSlot => {
    const { slot, layout } = x!;
    const places = axes.map(axis => axisInLayout(axis, layout));
    return { slot: reduce(builder, device, name, slot, places), layout };
  };

function leaf(): never {
  throw new CycleboxError('GRAPH_INVALID', 'A leaf is declared, not lowered.');
}

export const lowerings: { readonly [O in OpName]: Lowering<O> } = {
  input: leaf,
  variable: leaf,
  constant: leaf,

  neg: unary('neg'),
  abs: unary('abs'),
  sign: ({ builder, device, inputs: [x] }) => {
    // WebAssembly's own takes tiny values for zero.
    const kernel: Kernel = device.isWebAssembly
      ? (tf, [value]) => tf.sub(tf.step(value!), tf.step(tf.neg(value!)))
      : (tf, [value]) => tf.sign(value!);
    return { slot: builder.call('sign', [x!.slot], kernel), layout: x!.layout };
  },
  exp: unary('exp'),
  log: unary('log'),
  sqrt: unary('sqrt'),
  tanh: unary('tanh'),
  sigmoid: unary('sigmoid'),
  softplus: unary('softplus'),
  leakyRelu: lowerLeakyRelu,
  leakyReluGrad: lowerLeakyReluGrad,

  add: binary('add'),
  sub: binary('sub'),
  mul: binary('mul'),
  div: binary('div'),

  sum: reduction('sum'),
  mean: reduction('mean'),
  broadcast: ({ builder, inputs: [x], shape }) => {
    const layout = shape.length === 4 ? x!.layout : 'plain';
    const slot = builder.call(
      `broadcast ${layout} ${formatShape(shape)}`,
      [x!.slot],
      (tf, [value], sizes) => tf.broadcastTo(value!, toLayout(concreteShape(shape, sizes), layout)),
      isSymbolic(shape),
    );
    return { slot, layout };
  },

  reshape: ({ builder, inputs: [x], shape }) => {
    const slot = builder.call(
      `reshape ${formatShape(shape)}`,
      [inLayout(builder, x!, 'plain')],
      (tf, [value], sizes) => tf.reshape(value!, concreteShape(shape, sizes)),
      isSymbolic(shape),
    );
    return { slot, layout: 'plain' };
  },
  transpose: ({ builder, inputs: [x], attributes: { permutation } }) => ({
    slot: builder.call(`transpose ${permutation}`, [inLayout(builder, x!, 'plain')], (tf, [value]) =>
      tf.transpose(value!, [...permutation]),
    ),
    layout: 'plain',
  }),
  concat: ({ builder, inputs, attributes: { axis } }) => {
    const layout = commonLayout(inputs);
    const place = axisInLayout(axis, layout);
    const parts = inputs.map(input => inLayout(builder, input, layout));
    return { slot: builder.call(`concat ${place}`, parts, (tf, values) => tf.concat([...values], place)), layout };
  },
  slice: lowerSlice,
  sliceGrad: lowerSliceGrad,
  pad: lowerPad,
  reflectPad: lowerReflectPad,
  reflectPadGrad: lowerReflectPadGrad,

  matmul: ({ builder, inputs, attributes: { transposeA, transposeB } }) => {
    const factors = inputs.map(input => inLayout(builder, input, 'plain'));
    const name = `matmul ${transposeA} ${transposeB}`;
    const slot = builder.call(name, factors, (tf, [a, b]) => tf.matMul(a!, b!, transposeA, transposeB));
    return { slot, layout: 'plain' };
  },

  conv2d: lowerConv2d,
  conv2dInputGrad: lowerConv2dInputGrad,
  conv2dWeightGrad: lowerConv2dWeightGrad,

  instanceNorm: lowerInstanceNorm,
  instanceNormGrad: lowerInstanceNormGrad,
};

/** An operand of fewer axes than the result gets leading ones before it can follow the result's layout. */
function operand(builder: LoweringContext<OpName>['builder'], value: Value, layout: Layout, rank: number) {
  if (layout === 'plain' || value.shape.length === 4) return inLayout(builder, value, layout);
  if (value.shape.every(size => size === 1)) return value.slot;
  const shape: Shape = [...Array<number>(rank - value.shape.length).fill(1), ...value.shape];
  const slot = builder.call('leading ones', [value.slot], withLeadingOnes);
  return inLayout(builder, { slot, layout: 'plain', shape }, layout);
}

function withLeadingOnes(tf: Tensorflow, [x]: readonly Tensor[]): Tensor {
  return tf.reshape(x!, [...Array<number>(4 - x!.rank).fill(1), ...x!.shape]);
}

function isSymbolic(shape: Shape): boolean {
  return shape.some(size => typeof size !== 'number');
}
