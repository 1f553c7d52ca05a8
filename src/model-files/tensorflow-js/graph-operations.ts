/**
 * TensorFlow's operations as ONNX nodes, by name: those that converters write for image networks. One that is not here is
 * refused by name.
 */
import type { ValueName } from '../../onnx/index.js';
import type { GraphContext } from './graph-context.js';
import { activation, biased, convolution, depthwise, transposedConvolution } from './graph-convolutions.js';
import { padded, reshaped, resized, shaped, sliced, stacked, stridedSlice } from './graph-movement.js';

type Rule = (context: GraphContext) => ValueName;

const elementwise =
  (op: string): Rule =>
  ({ emitter, inputs }) =>
    emitter.node(op, inputs);

const activated =
  (op: string): Rule =>
  context =>
    activation(context, op, context.input(0));

const same: Rule = context => context.input(0);

export const graphRules: Readonly<Record<string, Rule>> = {
  Identity: same,
  StopGradient: same,
  PreventGradient: same,
  Snapshot: same,
  Conv2D: convolution,
  _FusedConv2D: convolution,
  DepthwiseConv2dNative: depthwise,
  FusedDepthwiseConv2dNative: depthwise,
  Conv2DBackpropInput: transposedConvolution,
  BiasAdd: context => biased(context, context.input(0), 1),
  FusedBatchNorm: batchNormalised,
  FusedBatchNormV2: batchNormalised,
  FusedBatchNormV3: batchNormalised,
  Relu: activated('Relu'),
  Relu6: activated('Relu6'),
  Elu: activated('Elu'),
  LeakyRelu: activated('LeakyRelu'),
  Tanh: activated('Tanh'),
  Sigmoid: activated('Sigmoid'),
  Softplus: activated('Softplus'),
  Prelu: elementwise('PRelu'),
  Add: elementwise('Add'),
  AddV2: elementwise('Add'),
  AddN: elementwise('Sum'),
  Sub: elementwise('Sub'),
  Mul: elementwise('Mul'),
  RealDiv: elementwise('Div'),
  Div: elementwise('Div'),
  FloorDiv: elementwise('Div'),
  Maximum: elementwise('Max'),
  Minimum: elementwise('Min'),
  Pow: elementwise('Pow'),
  Neg: elementwise('Neg'),
  Abs: elementwise('Abs'),
  Exp: elementwise('Exp'),
  Log: elementwise('Log'),
  Sqrt: elementwise('Sqrt'),
  Rsqrt: context => context.emitter.node('Reciprocal', [context.emitter.node('Sqrt', [context.input(0)])]),
  Square: context => squared(context, context.input(0)),
  SquaredDifference: context => squared(context, context.emitter.node('Sub', context.inputs)),
  ClipByValue: ({ emitter, inputs }) => emitter.node('Clip', inputs),
  Mean: context => reduced(context, 'ReduceMean'),
  Sum: context => reduced(context, 'ReduceSum'),
  Prod: context => reduced(context, 'ReduceProd'),
  MirrorPad: context => padded(context, context.node.text('mode', 'REFLECT') === 'REFLECT' ? 'reflect' : 'symmetric'),
  Pad: context => padded(context, 'constant'),
  PadV2: context => padded(context, 'constant'),
  ResizeNearestNeighbor: context => resized(context, 'nearest'),
  ResizeBilinear: context => resized(context, 'linear'),
  DepthToSpace: context => moved(context, 'DepthToSpace', { mode: 'DCR' }),
  SpaceToDepth: context => moved(context, 'SpaceToDepth', {}),
  ConcatV2: concatenated,
  Transpose: context => context.emitter.node('Transpose', [context.input(0)], { perm: context.numbers(1) }),
  Reshape: reshaped,
  Shape: shaped,
  StridedSlice: stridedSlice,
  Slice: sliced,
  Pack: stacked,
  Squeeze: squeezed,
  ExpandDims: context =>
    context.emitter.node('Unsqueeze', [context.input(0), context.emitter.integers(context.numbers(1))]),
  Cast: cast,
  MaxPool: context => pooled(context, 'MaxPool'),
  AvgPool: context => pooled(context, 'AveragePool'),
};

function squared({ emitter }: GraphContext, x: ValueName): ValueName {
  return emitter.node('Mul', [x, x]);
}

/** In use: x, scale, offset, mean, variance. */
function batchNormalised(context: GraphContext): ValueName {
  const { emitter, node } = context;
  if (node.flag('is_training')) throw node.refuse('normalises by its own batch, as only trainings do');
  const [scale, shift, mean, variance] = [1, 2, 3, 4].map(at => context.input(at));
  const epsilon = node.float('epsilon', 1e-4);
  return context.channelsFirst(context.input(0), x =>
    emitter.node('BatchNormalization', [x, scale!, shift!, mean!, variance!], { epsilon }),
  );
}

/** Over axes that are constants; of ONNX's reductions only the sum takes them as an input. */
function reduced(context: GraphContext, op: string): ValueName {
  const { emitter, node } = context;
  const axes = context.numbers(1);
  const keepdims = node.flag('keep_dims') ? 1 : 0;
  if (op === 'ReduceSum') return emitter.node(op, [context.input(0), emitter.integers(axes)], { keepdims });
  return emitter.node(op, [context.input(0)], { axes, keepdims });
}

/** Of channels into pixels, or back, which ONNX does with the channels first. */
function moved(context: GraphContext, op: string, attributes: Readonly<Record<string, string>>): ValueName {
  const blocksize = context.node.integer('block_size', 2);
  return context.channelsFirst(context.input(0), x => context.emitter.node(op, [x], { blocksize, ...attributes }));
}

/** The last input is the axis. */
function concatenated(context: GraphContext): ValueName {
  const last = context.node.inputs.length - 1;
  const axis = context.numbers(last)[0]!;
  return context.emitter.node('Concat', context.inputs.slice(0, last), { axis });
}

function squeezed(context: GraphContext): ValueName {
  const { emitter, node } = context;
  const axes = node.integers('squeeze_dims');
  return emitter.node('Squeeze', [context.input(0), ...(axes.length > 0 ? [emitter.integers(axes)] : [])]);
}

/** `to` of ONNX's types. */
const types: Readonly<Record<string, number>> = { DT_FLOAT: 1, DT_INT32: 7, DT_INT64: 7, DT_BOOL: 9 };

function cast(context: GraphContext): ValueName {
  const name = context.node.type('DstT');
  const to = types[name];
  if (to === undefined) throw context.node.refuse(`makes ${name || 'values of an unknown type'}`);
  return context.emitter.node('Cast', [context.input(0)], { to });
}

function pooled(context: GraphContext, op: string): ValueName {
  const { emitter, node } = context;
  const isSame = node.text('padding', 'VALID') === 'SAME';
  const geometry = { kernel_shape: context.sides('ksize'), strides: context.sides('strides') };
  return context.channelsFirst(context.input(0), x =>
    emitter.node(op, [x], { ...geometry, ...(isSame && { auto_pad: 'SAME_UPPER' }) }),
  );
}
