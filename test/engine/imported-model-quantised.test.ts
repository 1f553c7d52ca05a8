/**
 * Files of other tools that are quantised to eight bits: ONNX Runtime runs them as they are; TensorFlow.js, which computes
 * in float32 only, refuses them by the operation's name, and so does float16.
 */
import { expect, test } from 'vitest';
import { openEngine } from '../../src/engine/index.js';
import { toHalfPrecision } from '../../src/onnx/index.js';
import { randomValues, seededRandom } from '../graph/random-values.js';
import { type NodeSpec, onnxFile } from '../support/onnx-file.js';
import { bytes, exact, quantised, step, weightStep } from '../support/quantised-file.js';

test('a quantised file runs on the CPU, as exactly as its bytes are', async () => {
  const size = [1, 3, 9, 12];
  const values = randomValues(seededRandom(4), size).map(value => Math.max(-1, Math.min(0.99, value)));
  const engine = await openEngine('cpu', { threads: 1 });
  try {
    const [inBytes, inFloats] = [await engine.load({ bytes: quantised }), await engine.load({ bytes: exact })];
    const image = { shape: size, data: values };
    const { translated: rounded } = await inBytes.run({ image });
    const { translated: precise } = await inFloats.run({ image });
    expect(rounded!.shape).toEqual(size);
    for (const value of rounded!.data) expect(value / step).toBeCloseTo(Math.round(value / step), 3);
    // Half a step for each value of the image, and half a step for the result.
    const weight = Math.max(...[0, 27, 54].map(row => absolute(bytes.slice(row, row + 27)) * weightStep));
    const errors = rounded!.data.map((value, at) => Math.abs(value - precise!.data[at]!));
    expect(Math.max(...errors)).toBeLessThan((step / 2) * (1 + weight) + 1e-5);
  } finally {
    await engine.dispose();
  }
});

test.each([['QLinearConv'], ['a Conv between bytes']])(
  'sums are whole where the processor would cut them off: %s',
  async kind => {
    const [channels, side, sum] = [32, 8, 32 * 9];
    const around: NodeSpec[3] = { pads: [1, 1, 1, 1] };
    const between: readonly NodeSpec[] =
      kind === 'QLinearConv'
        ? [['QLinearConv', ['q', 'step', 'none', 'kernel', 'kernelStep', 'zero', 'sumStep', 'none'], ['r'], around]]
        : [
            ['DequantizeLinear', ['q', 'step', 'none'], ['x']],
            ['DequantizeLinear', ['kernel', 'kernelStep', 'zero'], ['w']],
            ['Conv', ['x', 'w'], ['y'], around],
            ['QuantizeLinear', ['y', 'sumStep', 'none'], ['r']],
          ];
    const file = onnxFile({
      inputs: { image: [1, channels, side, side] },
      outputs: ['translated'],
      constants: {
        step: { shape: [], values: [1 / 255] },
        none: { shape: [], values: [0], as: 'uint8' },
        kernel: { shape: [channels, channels, 3, 3], values: new Array<number>(channels * sum).fill(127), as: 'int8' },
        kernelStep: { shape: [], values: [1 / 127] },
        zero: { shape: [], values: [0], as: 'int8' },
        sumStep: { shape: [], values: [sum / 255] },
      },
      nodes: [
        ['QuantizeLinear', ['image', 'step', 'none'], ['q']],
        ...between,
        ['DequantizeLinear', ['r', 'sumStep', 'none'], ['translated']],
      ],
    });
    const engine = await openEngine('cpu', { threads: 1 });
    try {
      const program = await engine.load({ bytes: file });
      const image = { shape: [1, channels, side, side], data: new Float32Array(channels * side ** 2).fill(1) };
      const { translated } = await program.run({ image });
      expect(translated!.data[(side / 2) * (side + 1)]).toBeCloseTo(sum, 0);
    } finally {
      await engine.dispose();
    }
  },
);

test('TensorFlow.js and float16 refuse it, and name the operation', async () => {
  const engine = await openEngine('tfjs');
  try {
    const refused = engine.load({ bytes: quantised, name: 'small.onnx' });
    await expect(refused).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      message: expect.stringMatching(/small\.onnx uses .*QuantizeLinear.*--engine cpu/),
    });
  } finally {
    await engine.dispose();
  }
  expect(() => toHalfPrecision(quantised, 'small.onnx')).toThrow(
    expect.objectContaining({
      code: 'ENGINE_UNAVAILABLE',
      message: expect.stringMatching(/small\.onnx is quantised \(QuantizeLinear\).*--precision float32/),
    }),
  );
});

function absolute(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + Math.abs(value), 0);
}
