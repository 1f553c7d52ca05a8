/**
 * Instance normalisation in ONNX. Alone it is one InstanceNormalization; where its gradient is in the same graph, mean
 * and deviation are spelt out once and shared by both. WebGPU's provider takes the variance as the mean of squares less the
 * square of the mean, which cancels where the mean is large: for it they are always spelt out.
 */
import { numericShape } from '../graph/index.js';
import type { OnnxEmitter, ValueName } from './emitter.js';
import type { LoweringContext } from './lowering-context.js';

const spatial = [2, 3];

export function lowerInstanceNorm(context: LoweringContext<'instanceNorm'>): ValueName {
  const { emitter, inputs, shape, attributes, target } = context;
  if (target === 'webgpu' || isDifferentiated(context)) return normalised(emitter, inputs[0]!, attributes.epsilon);
  const [channels] = numericShape([shape[1]!], 'instanceNorm in ONNX');
  const scale = emitter.filled(1, [channels!]);
  const shift = emitter.filled(0, [channels!]);
  return emitter.node('InstanceNormalization', [inputs[0]!, scale, shift], { epsilon: attributes.epsilon });
}

/** `r · (dy - mean(dy) - y · mean(dy · y))`, with y the normalised x and r = 1/sqrt(variance + epsilon). */
export function lowerInstanceNormGrad({ emitter, inputs, attributes }: LoweringContext<'instanceNormGrad'>): ValueName {
  const [x, dy] = inputs as readonly [ValueName, ValueName];
  const y = normalised(emitter, x, attributes.epsilon);
  const r = inverseDeviation(emitter, x, attributes.epsilon);
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

function normalised(emitter: OnnxEmitter, x: ValueName, epsilon: number): ValueName {
  return emitter.shared(`normalised ${x} ${epsilon}`, () =>
    emitter.node('Mul', [centredOf(emitter, x), inverseDeviation(emitter, x, epsilon)]),
  );
}

function inverseDeviation(emitter: OnnxEmitter, x: ValueName, epsilon: number): ValueName {
  return emitter.shared(`inverse deviation ${x} ${epsilon}`, () => {
    const centred = centredOf(emitter, x);
    const variance = meanOf(emitter, emitter.node('Mul', [centred, centred]));
    const deviation = emitter.node('Sqrt', [emitter.node('Add', [variance, emitter.filled(epsilon)])]);
    return emitter.node('Reciprocal', [deviation]);
  });
}

function centredOf(emitter: OnnxEmitter, x: ValueName): ValueName {
  return emitter.shared(`centred ${x}`, () => emitter.node('Sub', [x, meanOf(emitter, x)]));
}

function meanOf(emitter: OnnxEmitter, x: ValueName): ValueName {
  return emitter.node('ReduceMean', [x], { axes: spatial, keepdims: 1 });
}
