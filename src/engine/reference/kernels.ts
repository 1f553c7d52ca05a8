/**
 * The reference kernel of every operation. The compiler asks for each, so the keys are the list of operations at run
 * time; tests hold their own lists of checked operations to it.
 */
import { CycleboxError } from '../../base/index.js';
import type { OpName } from '../../graph/index.js';
import * as elementwise from './elementwise.js';
import type { Float64Tensors, Kernel } from './kernel.js';
import * as movement from './movement.js';
import * as products from './products.js';
import * as reductions from './reductions.js';

export const kernels: { readonly [O in OpName]: Kernel<O> } = {
  input: ({ attributes: { name }, feeds }) => fed('input', feeds.inputs, name),
  variable: ({ attributes: { name }, feeds }) => fed('variable', feeds.variables, name),
  constant: ({ attributes: { data } }) => Float64Array.from(data),

  neg: elementwise.neg,
  abs: elementwise.abs,
  sign: elementwise.sign,
  exp: elementwise.exp,
  log: elementwise.log,
  sqrt: elementwise.sqrt,
  tanh: elementwise.tanh,
  sigmoid: elementwise.sigmoid,
  softplus: elementwise.softplus,
  leakyRelu: elementwise.leakyRelu,
  leakyReluGrad: elementwise.leakyReluGrad,

  add: elementwise.add,
  sub: elementwise.sub,
  mul: elementwise.mul,
  div: elementwise.div,

  sum: reductions.sum,
  mean: reductions.mean,
  broadcast: movement.broadcast,

  reshape: movement.reshape,
  transpose: movement.transpose,
  concat: movement.concat,
  slice: movement.slice,
  sliceGrad: movement.sliceGrad,
  pad: movement.pad,
  reflectPad: movement.reflectPad,
  reflectPadGrad: movement.reflectPadGrad,

  matmul: products.matmul,
  conv2d: products.conv2d,
  conv2dInputGrad: products.conv2dInputGrad,
  conv2dWeightGrad: products.conv2dWeightGrad,

  instanceNorm: reductions.instanceNorm,
  instanceNormGrad: reductions.instanceNormGrad,
};

/** Every operation of the language. */
export const operationNames = Object.keys(kernels) as readonly OpName[];

function fed(kind: string, values: Float64Tensors | undefined, name: string): Float64Array {
  const value = values?.[name];
  if (value) return value.data;
  throw new CycleboxError('SHAPE_MISMATCH', `${kind} ${name}: no value was given.`);
}
