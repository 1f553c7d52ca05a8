/**
 * The rule of every ONNX operation that can be imported: all that this package's own exporter writes and what PyTorch's
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
import { importAveragePool, importConv, importConvTranspose, importGlobalAveragePool } from './convolutions.js';
import { axisOf, type ImportContext, type ImportedValue, perChannel, shapeOf } from './import-context.js';
import {
  importConcat,
  importDepthToSpace,
  importExpand,
  importFlatten,
  importGather,
  importPad,
  importReshape,
  importSlice,
  importSpaceToDepth,
  importSplit,
  importSqueeze,
  importTranspose,
  importUnsqueeze,
} from './movement.js';
import { importResize } from './resize.js';

/** One value, or one for each of several outputs. */
export type Rule = (context: ImportContext) => ImportedValue | readonly ImportedValue[];

const unary =
  (f: (x: Tensor) => Tensor): Rule =>
  context =>
    f(context.tensor(0));

const binary =
  (f: (a: Tensor, b: Tensor) => Tensor): Rule =>
  context =>
    f(context.tensor(0), context.tensor(1));

/** Of any number of tensors. */
const total = (context: ImportContext) =>
  context.inputs.map((_, index) => context.tensor(index)).reduce((a, b) => add(a, b));

const reduction =
  (f: (x: Tensor, axes: readonly number[]) => Tensor): Rule =>
  context => {
    const x = context.tensor(0);
    const shape = shapeOf(x);
    const axes = (context.listOrInput('axes', 1) ?? shape.map((_, axis) => axis)).map(axis =>
      axisOf(axis, shape.length),
    );
    const reduced = f(x, axes);
    if (context.integer('keepdims', 1) !== 0) return reduced;
    return reshape(
      reduced,
      shape.filter((_, axis) => !axes.includes(axis)),
    );
  };

export const rules: Readonly<Record<string, Rule>> = {
  Identity: context => context.input(0),
  Dropout: context => context.input(0),
  Cast: context => (isFloatType(context.integer('to')) ? context.tensor(0) : context.refuse('of an image to integers')),
  Constant: importConstant,
  Shape: context => {
    const shape = shapeOf(context.input(0));
    const window = shape.slice(context.integer('start', 0), context.integer('end', shape.length));
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
  LeakyRelu: context => leakyRelu(context.tensor(0), context.integer('alpha', 0.01)),
  PRelu: context => {
    const x = context.tensor(0);
    return sub(relu(x), mul(channelSlope(context, x), relu(neg(x))));
  },
  Reciprocal: unary(x => div(1, x)),
  Pow: importPow,
  Clip: importClip,

  Add: binary(add),
  Sub: binary(sub),
  Mul: binary(mul),
  Div: binary(div),
  Sum: total,
  Mean: context => div(total(context), context.inputs.length),

  ReduceSum: reduction(sum),
  ReduceMean: reduction(mean),
  GlobalAveragePool: importGlobalAveragePool,
  AveragePool: importAveragePool,

  Reshape: importReshape,
  Flatten: importFlatten,
  Squeeze: importSqueeze,
  Unsqueeze: importUnsqueeze,
  Transpose: importTranspose,
  Expand: importExpand,
  Concat: importConcat,
  Split: importSplit,
  Slice: importSlice,
  Gather: importGather,
  Pad: importPad,
  DepthToSpace: importDepthToSpace,
  SpaceToDepth: importSpaceToDepth,
  Resize: importResize,
  Upsample: importResize,

  MatMul: importMatMul,
  Gemm: importGemm,
  Conv: importConv,
  ConvTranspose: importConvTranspose,

  InstanceNormalization: context => {
    const x = context.tensor(0);
    if (shapeOf(x).length !== 4) return context.refuse(`of ${shapeOf(x).length} axes`);
    const y = instanceNorm(x, context.integer('epsilon', 1e-5));
    const scaled = isFilledWith(context.input(1), 1) ? y : mul(y, perChannel(context.tensor(1)));
    return isFilledWith(context.input(2), 0) ? scaled : add(scaled, perChannel(context.tensor(2)));
  },
  BatchNormalization: importBatchNormalization,
};

/** Operations on numbers only: they have a fold (constants.ts) and no meaning for images here. */
export const foldedOnly: ReadonlySet<string> = new Set(['ConstantOfShape', 'Equal', 'Floor', 'Where']);

function isFilledWith(value: ImportedValue, number: number): boolean {
  return 'data' in value && Array.from(value.data).every(element => element === number);
}

function importConstant(context: ImportContext): ImportedValue {
  const { value, value_float, value_floats, value_int, value_ints } = context.node.attributes;
  if (typeof value === 'object' && 'data' in value) return value;
  const numbers = value_float ?? value_floats ?? value_int ?? value_ints;
  const float = value_float !== undefined || value_floats !== undefined;
  if (typeof numbers === 'number') return constant([], [numbers], float);
  if (Array.isArray(numbers)) return constant([numbers.length], numbers, float);
  return context.refuse('of a kind that is not known');
}

/** FLOAT, FLOAT16, DOUBLE: all are computed in float32. */
function isFloatType(type: number): boolean {
  return [1, 10, 11].includes(type);
}

function channelSlope(context: ImportContext, x: Tensor): Tensor {
  const slope = context.tensor(1);
  return shapeOf(slope).length === 1 && shapeOf(x).length > 1 && shapeOf(slope)[0] === shapeOf(x)[1]
    ? perChannel(slope, shapeOf(x).length)
    : slope;
}

function importPow(context: ImportContext): Tensor {
  const x = context.tensor(0);
  const [power, ...others] = context.numbers(1);
  if (others.length > 0) return context.refuse('with several exponents');
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
      return context.refuse(`with the exponent ${power}`);
  }
}

/** `min(max(x, low), high)`, of which each side may be missing. */
function importClip(context: ImportContext): Tensor {
  const bound = (name: string, index: number) => {
    const { [name]: attribute } = context.node.attributes;
    if (typeof attribute === 'number') return attribute;
    return context.inputs[index] ? context.numbers(index)[0] : undefined;
  };
  const [low, high] = [bound('min', 1), bound('max', 2)];
  const shifted = (x: Tensor, by: Operand) => (by === 0 ? x : add(x, by));
  const clipped = low === undefined ? context.tensor(0) : shifted(relu(shifted(context.tensor(0), -low)), low);
  return high === undefined ? clipped : sub(high, relu(sub(high, clipped)));
}

function importMatMul(context: ImportContext): Tensor {
  const [a, b] = [context.tensor(0), context.tensor(1)];
  const [left, right] = [shapeOf(a), shapeOf(b)];
  if (left.length < 2 || right.length < 2) return context.refuse('of a vector');
  const lead = broadcastShape(left.slice(0, -2), right.slice(0, -2));
  const whole = (tensor: Tensor, shape: readonly number[]) => {
    const ones = Array<number>(lead.length + 2 - shape.length).fill(1);
    return broadcast(reshape(tensor, [...ones, ...shape]), [...lead, ...shape.slice(-2)]);
  };
  return matmul(whole(a, left), whole(b, right));
}

function importGemm(context: ImportContext): Tensor {
  const product = matmul(context.tensor(0), context.tensor(1), {
    transposeA: context.integer('transA', 0) !== 0,
    transposeB: context.integer('transB', 0) !== 0,
  });
  const scaled = mul(product, context.integer('alpha', 1));
  return context.inputs[2] ? add(scaled, mul(context.tensor(2), context.integer('beta', 1))) : scaled;
}

/**
 * In use by what training found; in training mode, as some exporters spell other norms, by what the tensor holds, with the
 * running moments as further results.
 */
function importBatchNormalization(context: ImportContext): Tensor | readonly Tensor[] {
  const x = context.tensor(0);
  const rank = shapeOf(x).length;
  const [scale, shift, centre, variance] = [1, 2, 3, 4].map(index => perChannel(context.tensor(index), rank));
  const normalised = (middle: Tensor, spread: Tensor) => {
    const factor = div(scale!, sqrt(add(spread, context.integer('epsilon', 1e-5))));
    return add(mul(sub(x, middle), factor), shift!);
  };
  if (context.integer('training_mode', 0) === 0) return normalised(centre!, variance!);
  const axes = shapeOf(x).flatMap((_, axis) => (axis === 1 ? [] : [axis]));
  const found = mean(x, axes);
  const spread = mean(square(sub(x, found)), axes);
  const kept = context.integer('momentum', 0.9);
  const running = (before: Tensor, now: Tensor) =>
    reshape(add(mul(before, kept), mul(now, 1 - kept)), [shapeOf(x)[1]!]);
  return [normalised(found, spread), running(centre!, found), running(variance!, spread)];
}
