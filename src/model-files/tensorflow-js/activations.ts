/** Keras' activation functions by their names, as ONNX nodes. */
import type { OnnxEmitter, ValueName } from '../../onnx/index.js';

type Activation = (emitter: OnnxEmitter, x: ValueName) => ValueName;

const one =
  (op: string, attributes: Readonly<Record<string, number>> = {}): Activation =>
  (emitter, x) =>
    emitter.node(op, [x], attributes);

const swish: Activation = (emitter, x) => emitter.node('Mul', [x, emitter.node('Sigmoid', [x])]);

const activations: Readonly<Record<string, Activation>> = {
  linear: (_emitter, x) => x,
  relu: one('Relu'),
  relu6: (emitter, x) => emitter.node('Clip', [x, emitter.filled(0), emitter.filled(6)]),
  tanh: one('Tanh'),
  sigmoid: one('Sigmoid'),
  elu: one('Elu', { alpha: 1 }),
  softplus: one('Softplus'),
  swish,
  silu: swish,
  leaky_relu: one('LeakyRelu', { alpha: 0.2 }),
};

/** Undefined for a name that nobody knows here. */
export function activationNamed(name: string): Activation | undefined {
  return Object.hasOwn(activations, name.toLowerCase()) ? activations[name.toLowerCase()] : undefined;
}
