/** Kernels stored as int8: a quarter of the size, results near those of the floats, and everything else as it was. */
import { expect, test } from 'vitest';
import { openEngine } from '../../src/engine/index.js';
import { type GeneratorSpec, generatorGraph } from '../../src/nets/index.js';
import { decodeOnnx, encodeOnnx, quantiseWeights } from '../../src/onnx/index.js';
import { imageValues, networkValues } from '../nets/network-values.js';
import { foreignModel, node } from '../support/foreign-onnx.js';

const spec: GeneratorSpec = {
  kind: 'resnet',
  blocks: 2,
  width: 8,
  inputChannels: 3,
  outputChannels: 3,
  dropout: false,
};

function model(): Uint8Array {
  const weights = Object.entries(networkValues(spec)).map(([key, { data }]) => [key, data] as const);
  return encodeOnnx(generatorGraph(spec), { weights: Object.fromEntries(weights), metadata: { origin: 'test' } });
}

async function run(bytes: Uint8Array) {
  const engine = await openEngine('cpu');
  const program = await engine.load({ bytes });
  const { translated } = await program.run({ image: imageValues([1, 3, 32, 32]) });
  await program.dispose();
  await engine.dispose();
  return translated!.data;
}

test('the file is much smaller, says the same of itself, and gives nearly the same', async () => {
  const whole = model();
  const small = quantiseWeights(whole)!;
  expect(small.length).toBeLessThan(0.45 * whole.length);
  expect(decodeOnnx(small).metadata).toEqual({ origin: 'test' });
  const [exact, near] = [await run(whole), await run(small)];
  const error = exact.reduce((sum, value, at) => sum + (value - near[at]!) ** 2, 0) / exact.length;
  const spread = exact.reduce((sum, value) => sum + value ** 2, 0) / exact.length;
  expect(error).toBeGreaterThan(0);
  expect(error / spread).toBeLessThan(0.01);
});

test('an old operation set has no scales for channels', () => {
  expect(quantiseWeights(foreignModel({ nodes: [node('Neg', ['image'], ['translated'])], opset: 11 }))).toBeUndefined();
});
