/**
 * Instance normalisation in ONNX. Alone it is one InstanceNormalization; where its gradient is in the same graph, mean
 * and deviation are spelt out once and shared by both. WebGPU's provider takes the variance as the mean of squares less the
 * square of the mean, which cancels where the mean is large: what it normalises has its mean subtracted before. There a
 * LayerNormalization of each channel is one operation in place of six, and hands out the inverse deviation too.
 */
import { numericShape, type Shape } from '../graph/index.js';
import type { OnnxEmitter, ValueName } from './emitter.js';
import type { LoweringContext } from './lowering-context.js';

const spatial = [2, 3];

export function lowerInstanceNorm(context: LoweringContext<'instanceNorm'>): ValueName {
  const { emitter, inputs, shape, attributes, target } = context;
  if (target === 'webgpu' || isDifferentiated(context)) return standardised(context, attributes.epsilon).normalised;
  const [channels] = numericShape([shape[1]!], 'instanceNorm in ONNX');
  const scale = emitter.filled(1, [channels!]);
  const shift = emitter.filled(0, [channels!]);
  return emitter.node('InstanceNormalization', [inputs[0]!, scale, shift], { epsilon: attributes.epsilon });
}

/** `r · (dy - mean(dy) - y · mean(dy · y))`, with y the normalised x and r = 1/sqrt(variance + epsilon). */
export function lowerInstanceNormGrad(context: LoweringContext<'instanceNormGrad'>): ValueName {
  const { emitter, inputs, attributes } = context;
  const dy = inputs[1]!;
  const { normalised: y, inverseDeviation: r } = standardised(context, attributes.epsilon);
  const along = emitter.node('Mul', [y, meanOf(emitter, emitter.node('Mul', [dy, y]))]);
  const centred = emitter.node('Sub', [dy, meanOf(emitter, dy)]);
  return emitter.node('Mul', [emitter.node('Sub', [centred, along]), r]);
}

function isDifferentiated({ graph, inputNodes, attributes }: LoweringContext<'instanceNorm'>): boolean {
  return graph.nodes.some(
    node =>
      node.op === 'instanceNormGrad' &&
      node.inputs[0] === inputNodes[0] &&
      node.attributes.epsilon === attributes.epsilon,
  );
}

interface Standardised {
  /** Of the shape of x. */
  readonly normalised: ValueName;
  /** `[n, c, 1, 1]` */
  readonly inverseDeviation: ValueName;
}

type Normalisation = Pick<
  LoweringContext<'instanceNorm' | 'instanceNormGrad'>,
  'emitter' | 'inputs' | 'inputShapes' | 'target'
>;

/** x, the first input, less its mean and divided by its deviation: made once for all that need it. */
function standardised({ emitter, inputs, inputShapes, target }: Normalisation, epsilon: number): Standardised {
  const x = inputs[0]!;
  const shape = inputShapes[0]!;
  const [normalised, inverseDeviation] = emitter.sharedOf(`standardised ${x} ${epsilon}`, () =>
    target === 'webgpu' && isNumeric(shape)
      ? byLayerNormalization(emitter, x, shape, epsilon)
      : spelledOut(emitter, x, epsilon),
  );
  return { normalised, inverseDeviation };
}

function isNumeric(shape: Shape): shape is readonly number[] {
  return shape.every(size => typeof size === 'number');
}

function spelledOut(emitter: OnnxEmitter, x: ValueName, epsilon: number): readonly [ValueName, ValueName] {
  const centred = centredOf(emitter, x);
  const variance = meanOf(emitter, emitter.node('Mul', [centred, centred]));
  const deviation = emitter.node('Sqrt', [emitter.node('Add', [variance, emitter.filled(epsilon)])]);
  const inverse = emitter.node('Reciprocal', [deviation]);
  return [emitter.node('Mul', [centred, inverse]), inverse];
}

/** Each channel of each image is a row. */
function byLayerNormalization(
  emitter: OnnxEmitter,
  x: ValueName,
  shape: readonly number[],
  epsilon: number,
): readonly [ValueName, ValueName] {
  const [n, c, height, width] = shape as readonly [number, number, number, number];
  const reshaped = (value: ValueName, sizes: readonly number[]) =>
    emitter.node('Reshape', [value, emitter.integers(sizes)]);
  const rows = reshaped(centredOf(emitter, x), [n * c, height * width]);
  const scale = emitter.filled(1, [height * width]);
  const wanted = [true, false, true] as const;
  const [y, , inverse] = emitter.nodeOf('LayerNormalization', [rows, scale], { axis: 1, epsilon }, wanted);
  return [reshaped(y, shape), reshaped(inverse, [n, c, 1, 1])];
}

function centredOf(emitter: OnnxEmitter, x: ValueName): ValueName {
  return emitter.node('Sub', [x, meanOf(emitter, x)]);
}

function meanOf(emitter: OnnxEmitter, x: ValueName): ValueName {
  return emitter.node('ReduceMean', [x], { axes: spatial, keepdims: 1 });
}
