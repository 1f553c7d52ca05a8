/** Generators written for TensorFlow.js, run by TensorFlow.js: they give what the reference evaluator gives. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import '@tensorflow/tfjs-backend-cpu';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { evaluate } from '../../../src/engine/index.js';
import { readModel } from '../../../src/model-files/index.js';
import { generatorToGraph } from '../../../src/model-files/tensorflow-js/index.js';
import { type GeneratorSpec, generatorGraph } from '../../../src/nets/index.js';
import { imageValues, inDouble, networkValues } from '../../nets/network-values.js';
import { temporaryFolder } from '../../support/pictures.js';

const common = { width: 4, inputChannels: 3, outputChannels: 3, dropout: false };
const specs: readonly (readonly [string, GeneratorSpec, number])[] = [
  ['a resnet with transposed convolutions', { kind: 'resnet', blocks: 1, ...common }, 16],
  ['a resnet that upsamples by resizing', { kind: 'resnet', blocks: 1, ...common, upsample: 'resize' }, 16],
  ['a resnet with batch normalisation', { kind: 'resnet', blocks: 1, ...common, norm: 'batch' }, 16],
  ['a U-Net', { kind: 'unet', levels: 5, ...common }, 64],
];

test.each(specs)('%s', async (_, spec, side) => {
  const weights = networkValues(spec);
  const folder = await temporaryFolder();
  const files = generatorToGraph(spec, weights, {});
  for (const { name, content } of files) await writeFile(join(folder, name), content);
  const image = imageValues([1, 3, side, side + (spec.kind === 'unet' ? 0 : 4)]);
  const exact = evaluate(generatorGraph(spec), { inputs: inDouble({ image }), variables: inDouble(weights) });
  const { shape, data } = exact.outputs['translated']!;
  const [, , height, width] = shape as readonly [number, number, number, number];

  const document = JSON.parse(Buffer.from(files[0]!.content).toString());
  const parts = files.slice(1).map(({ content }) => Buffer.from(content));
  const bytes = Buffer.concat(parts);
  const model = await loadGraphModel({
    load: async () => ({
      ...document,
      weightSpecs: document.weightsManifest[0].weights,
      weightData: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
    }),
  });
  const found = tf.tidy(() => {
    const x = tf.transpose(tf.tensor4d(image.data, [1, 3, height, width]), [0, 2, 3, 1]);
    return tf.transpose(model.predict(x) as tf.Tensor, [0, 3, 1, 2]).dataSync();
  });
  model.dispose();
  expect(found).toHaveLength(data.length);
  for (const [at, value] of data.entries()) expect(Math.abs(found[at]! - value)).toBeLessThan(2e-4);
  expect((await readModel(folder)).network).toBe('GraphModel, 3 → 3 channels');
});

test('layers without a counterpart are refused', () => {
  const spec: GeneratorSpec = { kind: 'resnet', blocks: 1, ...common, norm: 'group' };
  expect(() => generatorToGraph(spec, networkValues(spec), {})).toThrow('is not written for TensorFlow.js');
});
