/**
 * From the tensor language to ONNX nodes. Every operation has one entry in `lowerings`; those that need more than a
 * node or two live in files of their own (convolution, normalisation, padding). How an operation is best spelt for a
 * runtime is decided here and nowhere else.
 */
import { CycleboxError } from '../base/index.js';
import {
  type Attributes,
  type Dimension,
  formatDimension,
  type Graph,
  type NodeId,
  numericShape,
  type OpName,
  type Shape,
  sameDimension,
} from '../graph/index.js';
import {
  lowerConv2d,
  lowerConv2dInputGrad,
  lowerConv2dWeightGrad,
  lowerWeightGradSum,
  winogradReflectPadGrad,
} from './convolution/index.js';
import { type AttributeValue, type OnnxDimension, OnnxEmitter, type ValueName } from './emitter.js';
import { interleavedPhases } from './interleaving.js';
import type { LoweringContext, LoweringTarget, Tailoring } from './lowering-context.js';
import { lowerInstanceNorm, lowerInstanceNormGrad } from './normalisation.js';
import { lowerPad, lowerReflectPad, lowerReflectPadGrad, lowerSliceGrad } from './padding.js';
import { lowerAsPart } from './splitting.js';
import { findWeightGradSums } from './weight-gradient-sums.js';

export interface LoweringOptions {
  readonly name?: string;
  /** Values that become part of the file, by variable name; other variables become inputs and outputs. */
  readonly weights?: Readonly<Record<string, Float32Array>>;
  /** Default `any`. */
  readonly target?: LoweringTarget | undefined;
  /** For one size on this machine's CPU, never for a file (`tailoring.ts`); counts what is gained. Default: for a file. */
  readonly tailored?: Tailoring | undefined;
  /** Free text in the file. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** ONNX input of a variable that is not part of the file. */
export const variableInput = (name: string): string => `variable:${name}`;
/** ONNX output with a variable's next value. */
export const variableUpdate = (name: string): string => `update:${name}`;

type Lowering<O extends OpName> = (context: LoweringContext<O>) => ValueName;

const one =
  (opType: string, attributes: Readonly<Record<string, AttributeValue>> = {}) =>
  ({ emitter, inputs }: { readonly emitter: OnnxEmitter; readonly inputs: readonly ValueName[] }): ValueName =>
    emitter.node(opType, inputs, attributes);

function leaf(): never {
  throw new CycleboxError('GRAPH_INVALID', 'A leaf is declared, not lowered.');
}

const lowerings: { readonly [O in OpName]: Lowering<O> } = {
  input: leaf,
  variable: leaf,
  constant: ({ emitter, attributes, shape }) => emitter.floats(attributes.data, numericShape(shape, 'A constant')),

  neg: one('Neg'),
  abs: one('Abs'),
  sign: lowerSign,
  exp: one('Exp'),
  log: one('Log'),
  sqrt: one('Sqrt'),
  tanh: one('Tanh'),
  sigmoid: one('Sigmoid'),
  softplus: one('Softplus'),
  leakyRelu: ({ emitter, inputs, attributes: { slope } }) =>
    slope === 0 ? emitter.node('Relu', inputs) : emitter.node('LeakyRelu', inputs, { alpha: slope }),
  leakyReluGrad: lowerLeakyReluGrad,

  add: one('Add'),
  sub: one('Sub'),
  mul: one('Mul'),
  div: one('Div'),

  sum: ({ emitter, inputs: [x], attributes: { axes } }) =>
    emitter.node('ReduceSum', [x!, emitter.integers(axes)], { keepdims: 1 }),
  mean: ({ emitter, inputs: [x], attributes: { axes } }) => emitter.node('ReduceMean', [x!], { axes, keepdims: 1 }),
  broadcast: ({ emitter, inputs: [x], shape }) =>
    emitter.node('Expand', [x!, emitter.integers(numericShape(shape, 'broadcast in ONNX'))]),

  reshape: context => {
    const { emitter, inputs, inputShapes, shape } = context;
    const target = () => emitter.integers(reshapeTarget(inputShapes[0]!, shape));
    return interleavedPhases(context) ?? emitter.node('Reshape', [inputs[0]!, target()]);
  },
  transpose: ({ emitter, inputs: [x], attributes: { permutation } }) =>
    emitter.node('Transpose', [x!], { perm: permutation }),
  concat: ({ emitter, inputs, attributes: { axis } }) => emitter.node('Concat', inputs, { axis }),
  slice: context => (context.target === 'webgpu' ? lowerAsPart(context) : undefined) ?? lowerSlice(context),
  sliceGrad: lowerSliceGrad,
  pad: lowerPad,
  reflectPad: lowerReflectPad,
  reflectPadGrad: context => winogradReflectPadGrad(context) ?? lowerReflectPadGrad(context),

  matmul: ({ emitter, inputs: [a, b], inputShapes, attributes: { transposeA, transposeB } }) => {
    const rank = inputShapes[0]!.length;
    if (rank === 2) {
      return emitter.node('Gemm', [a!, b!], { transA: Number(transposeA), transB: Number(transposeB) });
    }
    const perm = Array.from({ length: rank }, (_, axis) => axis);
    perm.push(...perm.splice(rank - 2, 1));
    const flipped = (x: ValueName) => emitter.node('Transpose', [x], { perm });
    return emitter.node('MatMul', [transposeA ? flipped(a!) : a!, transposeB ? flipped(b!) : b!]);
  },

  conv2d: lowerConv2d,
  conv2dInputGrad: lowerConv2dInputGrad,
  conv2dWeightGrad: lowerConv2dWeightGrad,

  instanceNorm: lowerInstanceNorm,
  instanceNormGrad: lowerInstanceNormGrad,
};

/**
 * A graph as the bytes of an ONNX file. Inputs and outputs keep their names; variables without a value in `weights`
 * are read from `variableInput(name)` and handed out as `variableUpdate(name)`.
 */
export function encodeOnnx(graph: Graph, options: LoweringOptions = {}): Uint8Array {
  const emitter = new OnnxEmitter();
  const names: ValueName[] = [];
  const sums = findWeightGradSums(graph);
  const scene: GraphLowering = { graph, names, emitter, target: options.target ?? 'any', tailored: options.tailored };
  graph.nodes.forEach((_node, id) => {
    if (sums.absorbed.has(id)) return;
    const leaves = sums.leaves.get(id);
    names[id] = leaves
      ? lowerWeightGradSum(leaves.map(leaf => contextOf<'conv2dWeightGrad'>(scene, leaf)))
      : lowerNode(scene, id, options);
  });
  for (const [name, id] of Object.entries(graph.outputs)) {
    emitter.output(name, names[id]!, onnxShape(graph.nodes[id]!.shape));
  }
  for (const [name, id] of Object.entries(graph.updates)) {
    emitter.output(variableUpdate(name), names[id]!, onnxShape(graph.nodes[id]!.shape));
  }
  return emitter.encode(options.name ?? 'cyclebox', options.metadata);
}

/** A graph half lowered. */
interface GraphLowering {
  readonly graph: Graph;
  /** Of the values lowered so far, by node. */
  readonly names: readonly ValueName[];
  readonly emitter: OnnxEmitter;
  readonly target: LoweringTarget;
  readonly tailored: Tailoring | undefined;
}

function lowerNode(scene: GraphLowering, id: NodeId, { weights = {} }: LoweringOptions): ValueName {
  const { emitter } = scene;
  const node = scene.graph.nodes[id]!;
  switch (node.op) {
    case 'input':
      return emitter.input(node.attributes.name, onnxShape(node.shape));
    case 'variable': {
      const { name } = node.attributes;
      const values = weights[name];
      if (!values) return emitter.input(variableInput(name), onnxShape(node.shape));
      return emitter.floats(values, numericShape(node.shape, 'A variable'), name);
    }
    default:
      return (lowerings[node.op] as Lowering<OpName>)(contextOf<OpName>(scene, id));
  }
}

function contextOf<O extends OpName>(
  { graph, names, emitter, target, tailored }: GraphLowering,
  id: NodeId,
): LoweringContext<O> {
  const node = graph.nodes[id]!;
  return {
    emitter,
    target,
    tailored,
    graph,
    id,
    names,
    inputNodes: node.inputs,
    inputs: node.inputs.map(input => names[input]!),
    inputShapes: node.inputs.map(input => graph.nodes[input]!.shape),
    attributes: node.attributes as Attributes<O>,
    shape: node.shape,
  };
}

function lowerSlice({
  emitter,
  inputs: [x],
  attributes: { starts, stops, steps },
}: LoweringContext<'slice'>): ValueName {
  const axes = starts.map((_, axis) => axis);
  return emitter.node('Slice', [x!, ...[starts, stops, axes, steps].map(values => emitter.integers(values))]);
}

/** WebGPU's provider has no Sign. */
function lowerSign({ emitter, target, inputs }: LoweringContext<'sign'>): ValueName {
  if (target === 'any') return emitter.node('Sign', inputs);
  const [x, zero] = [inputs[0]!, emitter.filled(0)];
  const negative = emitter.node('Where', [emitter.node('Less', [x, zero]), emitter.filled(-1), zero]);
  return emitter.node('Where', [emitter.node('Greater', [x, zero]), emitter.filled(1), negative]);
}

/** Steep enough for every normal positive number to reach 1. */
const maxSlope = 3e38;

/**
 * On the CPU dy times 1 or the slope, by a HardSigmoid so steep that it is a step: half the time of a comparison and
 * a choice. What a choice leaves out may be infinite; here it must not be.
 */
function lowerLeakyReluGrad({
  emitter,
  target,
  inputs,
  attributes: { slope },
}: LoweringContext<'leakyReluGrad'>): ValueName {
  const [x, dy] = inputs as readonly [ValueName, ValueName];
  if (target === 'webgpu' || slope < 0 || slope > 1) return chosenGradient(emitter, x, dy, slope);
  const factor = emitter.shared(`slope ${slope} of ${x}`, () => {
    const step = emitter.shared(`step ${x}`, () => emitter.node('HardSigmoid', [x], { alpha: maxSlope, beta: 0 }));
    return slope === 0 ? step : emitter.node('Max', [step, emitter.filled(slope)]);
  });
  return emitter.node('Mul', [dy, factor]);
}

function chosenGradient(emitter: OnnxEmitter, x: ValueName, dy: ValueName, slope: number): ValueName {
  const positive = emitter.shared(`positive ${x}`, () => emitter.node('Greater', [x, emitter.filled(0)]));
  const negative = slope === 0 ? emitter.filled(0) : emitter.node('Mul', [dy, emitter.filled(slope)]);
  return emitter.node('Where', [positive, dy, negative]);
}

function onnxShape(shape: Shape): OnnxDimension[] {
  return shape.map(dimension => (typeof dimension === 'number' ? dimension : formatDimension(dimension)));
}

/** ONNX's Reshape takes one free size as -1; others must be those of the same axis before, which are written as 0. */
function reshapeTarget(before: Shape, shape: Shape): number[] {
  const free = shape.filter(dimension => typeof dimension !== 'number').length;
  const stays = (dimension: Dimension, axis: number) =>
    free > 1 && axis < before.length && sameDimension(dimension, before[axis]!);
  const target = shape.map((dimension, axis) => {
    if (typeof dimension === 'number') return dimension;
    return stays(dimension, axis) ? 0 : -1;
  });
  if (target.filter(size => size === -1).length > 1) {
    throw new CycleboxError(
      'SHAPE_MISMATCH',
      'reshape in ONNX takes at most one symbolic dimension that changes its place.',
    );
  }
  return target;
}
