/**
 * The rule of every ONNX operation that can be raised: all that this package's own exporter writes and what PyTorch's
 * writes for image-to-image networks of convolutions. An operation joins with a line here.
 */
import {
  abs,
  add,
  broadcast,
  div,
  exp,
  instanceNorm,
  leakyRelu,
  log,
  matmul,
  mean,
  mul,
  neg,
  type Operand,
  relu,
  reshape,
  sigmoid,
  sign,
  softplus,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
  tanh,
} from '../../graph/index.js';
import { broadcastShape, constant } from './constants.js';
import { raiseAveragePool, raiseConv, raiseConvTranspose, raiseGlobalAveragePool } from './convolutions.js';
import {
  raiseConcat,
  raiseDepthToSpace,
  raiseExpand,
  raiseFlatten,
  raiseGather,
  raisePad,
  raiseReshape,
  raiseSlice,
  raiseSpaceToDepth,
  raiseSplit,
  raiseSqueeze,
  raiseTranspose,
  raiseUnsqueeze,
} from './movement.js';
import { raiseResize } from './resize.js';
import { axisOf, perChannel, type RaisedValue, type RaisingSite, shapeOf } from './site.js';

/** One value, or one for each of several outputs. */
export type Rule = (site: RaisingSite) => RaisedValue | readonly RaisedValue[];

const unary =
  (f: (x: Tensor) => Tensor): Rule =>
  site =>
    f(site.tensor(0));

const binary =
  (f: (a: Tensor, b: Tensor) => Tensor): Rule =>
  site =>
    f(site.tensor(0), site.tensor(1));

/** Of any number of tensors. */
const total = (site: RaisingSite) => site.inputs.map((_, index) => site.tensor(index)).reduce((a, b) => add(a, b));

const reduction =
  (f: (x: Tensor, axes: readonly number[]) => Tensor): Rule =>
  site => {
    const x = site.tensor(0);
    const shape = shapeOf(x);
    const axes = (site.listOrInput('axes', 1) ?? shape.map((_, axis) => axis)).map(axis => axisOf(axis, shape.length));
    const reduced = f(x, axes);
    if (site.integer('keepdims', 1) !== 0) return reduced;
    return reshape(
      reduced,
      shape.filter((_, axis) => !axes.includes(axis)),
    );
  };

export const rules: Readonly<Record<string, Rule>> = {
  Identity: site => site.input(0),
  Dropout: site => site.input(0),
  Cast: site => (isFloatType(site.integer('to')) ? site.tensor(0) : site.refuse('of an image to integers')),
  Constant: raiseConstant,
  Shape: site => {
    const shape = shapeOf(site.input(0));
    const window = shape.slice(site.integer('start', 0), site.integer('end', shape.length));
    return constant([window.length], window, false);
  },

  Neg: unary(neg),
  Abs: unary(abs),
  Sign: unary(sign),
  Exp: unary(exp),
  Log: unary(log),
  Sqrt: unary(sqrt),
  Tanh: unary(tanh),
  Sigmoid: unary(sigmoid),
  Softplus: unary(softplus),
  Relu: unary(relu),
  LeakyRelu: site => leakyRelu(site.tensor(0), site.integer('alpha', 0.01)),
  PRelu: site => {
    const x = site.tensor(0);
    return sub(relu(x), mul(channelSlope(site, x), relu(neg(x))));
  },
  Reciprocal: unary(x => div(1, x)),
  Pow: raisePow,
  Clip: raiseClip,

  Add: binary(add),
  Sub: binary(sub),
  Mul: binary(mul),
  Div: binary(div),
  Sum: total,
  Mean: site => div(total(site), site.inputs.length),

  ReduceSum: reduction(sum),
  ReduceMean: reduction(mean),
  GlobalAveragePool: raiseGlobalAveragePool,
  AveragePool: raiseAveragePool,

  Reshape: raiseReshape,
  Flatten: raiseFlatten,
  Squeeze: raiseSqueeze,
  Unsqueeze: raiseUnsqueeze,
  Transpose: raiseTranspose,
  Expand: raiseExpand,
  Concat: raiseConcat,
  Split: raiseSplit,
  Slice: raiseSlice,
  Gather: raiseGather,
  Pad: raisePad,
  DepthToSpace: raiseDepthToSpace,
  SpaceToDepth: raiseSpaceToDepth,
  Resize: raiseResize,
  Upsample: raiseResize,

  MatMul: raiseMatMul,
  Gemm: raiseGemm,
  Conv: raiseConv,
  ConvTranspose: raiseConvTranspose,

  InstanceNormalization: site => {
    const x = site.tensor(0);
    if (shapeOf(x).length !== 4) return site.refuse(`of ${shapeOf(x).length} axes`);
    const y = instanceNorm(x, site.integer('epsilon', 1e-5));
    return add(mul(y, perChannel(site.tensor(1))), perChannel(site.tensor(2)));
  },
  BatchNormalization: raiseBatchNormalization,
};

/** Operations on numbers only: they have a fold (constants.ts) and no meaning for images here. */
export const foldedOnly: ReadonlySet<string> = new Set(['ConstantOfShape', 'Equal', 'Floor', 'Where']);

function raiseConstant(site: RaisingSite): RaisedValue {
  const { value, value_float, value_floats, value_int, value_ints } = site.node.attributes;
  if (typeof value === 'object' && 'data' in value) return value;
  const numbers = value_float ?? value_floats ?? value_int ?? value_ints;
  const float = value_float !== undefined || value_floats !== undefined;
  if (typeof numbers === 'number') return constant([], [numbers], float);
  if (Array.isArray(numbers)) return constant([numbers.length], numbers, float);
  return site.refuse('of a kind that is not known');
}

/** FLOAT, FLOAT16, DOUBLE: all are computed in float32. */
function isFloatType(type: number): boolean {
  return [1, 10, 11].includes(type);
}

function channelSlope(site: RaisingSite, x: Tensor): Tensor {
  const slope = site.tensor(1);
  return shapeOf(slope).length === 1 && shapeOf(x).length > 1 && shapeOf(slope)[0] === shapeOf(x)[1]
    ? perChannel(slope, shapeOf(x).length)
    : slope;
}

function raisePow(site: RaisingSite): Tensor {
  const x = site.tensor(0);
  const [power, ...others] = site.numbers(1);
  if (others.length > 0) return site.refuse('with several exponents');
  switch (power) {
    case 1:
      return x;
    case 2:
      return mul(x, x);
    case 3:
      return mul(mul(x, x), x);
    case 0.5:
      return sqrt(x);
    case -0.5:
      return div(1, sqrt(x));
    case -1:
      return div(1, x);
    default:
      return site.refuse(`with the exponent ${power}`);
  }
}

/** `min(max(x, low), high)`, of which each side may be missing. */
function raiseClip(site: RaisingSite): Tensor {
  const bound = (name: string, index: number) => {
    const { [name]: attribute } = site.node.attributes;
    if (typeof attribute === 'number') return attribute;
    return site.inputs[index] ? site.numbers(index)[0] : undefined;
  };
  const [low, high] = [bound('min', 1), bound('max', 2)];
  const shifted = (x: Tensor, by: Operand) => (by === 0 ? x : add(x, by));
  const raised = low === undefined ? site.tensor(0) : shifted(relu(shifted(site.tensor(0), -low)), low);
  return high === undefined ? raised : sub(high, relu(sub(high, raised)));
}

function raiseMatMul(site: RaisingSite): Tensor {
  const [a, b] = [site.tensor(0), site.tensor(1)];
  const [left, right] = [shapeOf(a), shapeOf(b)];
  if (left.length < 2 || right.length < 2) return site.refuse('of a vector');
  const lead = broadcastShape(left.slice(0, -2), right.slice(0, -2));
  const whole = (tensor: Tensor, shape: readonly number[]) => {
    const ones = Array<number>(lead.length + 2 - shape.length).fill(1);
    return broadcast(reshape(tensor, [...ones, ...shape]), [...lead, ...shape.slice(-2)]);
  };
  return matmul(whole(a, left), whole(b, right));
}

function raiseGemm(site: RaisingSite): Tensor {
  const product = matmul(site.tensor(0), site.tensor(1), {
    transposeA: site.integer('transA', 0) !== 0,
    transposeB: site.integer('transB', 0) !== 0,
  });
  const scaled = mul(product, site.integer('alpha', 1));
  return site.inputs[2] ? add(scaled, mul(site.tensor(2), site.integer('beta', 1))) : scaled;
}

/**
 * In use by what training found; in training mode, as some exporters spell other norms, by what the tensor holds, with the
 * running moments as further results.
 */
function raiseBatchNormalization(site: RaisingSite): Tensor | readonly Tensor[] {
  const x = site.tensor(0);
  const rank = shapeOf(x).length;
  const [scale, shift, centre, variance] = [1, 2, 3, 4].map(index => perChannel(site.tensor(index), rank));
  const normalised = (middle: Tensor, spread: Tensor) => {
    const factor = div(scale!, sqrt(add(spread, site.integer('epsilon', 1e-5))));
    return add(mul(sub(x, middle), factor), shift!);
  };
  if (site.integer('training_mode', 0) === 0) return normalised(centre!, variance!);
  const axes = shapeOf(x).flatMap((_, axis) => (axis === 1 ? [] : [axis]));
  const found = mean(x, axes);
  const spread = mean(square(sub(x, found)), axes);
  const kept = site.integer('momentum', 0.9);
  const running = (before: Tensor, now: Tensor) =>
    reshape(add(mul(before, kept), mul(now, 1 - kept)), [shapeOf(x)[1]!]);
  return [normalised(found, spread), running(centre!, found), running(variance!, spread)];
}
