/**
 * Files of other tools that are quantised to eight bits: ONNX Runtime runs them as they are; TensorFlow.js, which computes
 * in float32 only, refuses them by the operation's name, and so does float16.
 */
import { expect, test } from 'vitest';
import { openEngine } from '../../src/engine/index.js';
import { toHalfPrecision } from '../../src/onnx/index.js';
import { randomValues, seededRandom } from '../graph/random-values.js';
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
