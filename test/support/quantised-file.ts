/** A convolution quantised to eight bits, as quantising tools write it, and the same one in floats. */
import { type NodeSpec, onnxFile } from './onnx-file.js';

/** Of image and result, which lie within [-1, 1]. */
export const step = 1 / 127;
export const weightStep = 1e-3;
/** The kernel `[3, 3, 3, 3]`, in steps of `weightStep`. */
export const bytes = Array.from({ length: 3 * 3 * 3 * 3 }, (_, at) => ((at * 37) % 61) - 30);
const shape = [1, 3, 'height', 'width'] as const;
const conv: NodeSpec[3] = { pads: [1, 1, 1, 1] };

/** Image, weights and result pass through bytes. */
export const quantised = onnxFile({
  inputs: { image: shape },
  outputs: ['translated'],
  constants: {
    step: { shape: [], values: [step] },
    middle: { shape: [], values: [128], as: 'uint8' },
    bytes: { shape: [3, 3, 3, 3], values: bytes, as: 'int8' },
    weightStep: { shape: [], values: [weightStep] },
    zero: { shape: [], values: [0], as: 'int8' },
  },
  nodes: [
    ['QuantizeLinear', ['image', 'step', 'middle'], ['imageBytes']],
    ['DequantizeLinear', ['imageBytes', 'step', 'middle'], ['x']],
    ['DequantizeLinear', ['bytes', 'weightStep', 'zero'], ['w']],
    ['Conv', ['x', 'w'], ['y'], conv],
    ['QuantizeLinear', ['y', 'step', 'middle'], ['resultBytes']],
    ['DequantizeLinear', ['resultBytes', 'step', 'middle'], ['translated']],
  ],
});

export const exact = onnxFile({
  inputs: { image: shape },
  outputs: ['translated'],
  constants: { w: { shape: [3, 3, 3, 3], values: bytes.map(value => value * weightStep) } },
  nodes: [['Conv', ['image', 'w'], ['translated'], conv]],
});
