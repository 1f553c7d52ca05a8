/** LayersModels that TensorFlow.js saved, read as ONNX: they give what TensorFlow.js gives. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-layers';
import { expect, test } from 'vitest';
import { detectInterface, readModel } from '../../../src/model-files/index.js';
import { temporaryFolder } from '../../support/pictures.js';
import { fillWeights, predicted, saveLayersModel, translated } from '../../support/tensorflow-model.js';

const { layers } = tf;
const image = () => tf.input({ shape: [null, null, 3] });

async function saved(model: tf.LayersModel): Promise<string> {
  const folder = await temporaryFolder();
  fillWeights(model);
  await saveLayersModel(model, folder);
  return folder;
}

async function expectSame(model: tf.LayersModel): Promise<void> {
  const folder = await saved(model);
  const expected = predicted(x => model.predict(x) as never);
  const found = await translated(folder);
  expect(found).toHaveLength(expected.length);
  for (const [at, value] of expected.entries()) expect(Math.abs(found[at]! - value)).toBeLessThan(1e-4);
}

test('a sequence of convolutions, normalisation and activations', async () => {
  await expectSame(
    tf.sequential({
      layers: [
        layers.conv2d({ inputShape: [12, 16, 3], filters: 4, kernelSize: 3, padding: 'same', activation: 'relu' }),
        layers.conv2d({ filters: 6, kernelSize: 4, strides: 2, padding: 'same', useBias: false }),
        layers.batchNormalization(),
        layers.leakyReLU({ alpha: 0.1 }),
        layers.conv2d({ filters: 6, kernelSize: 3, dilationRate: 2, padding: 'same' }),
        layers.elu(),
        layers.conv2dTranspose({ filters: 5, kernelSize: 3, strides: 2, padding: 'same' }),
        layers.prelu({ sharedAxes: [1, 2] }),
        layers.conv2dTranspose({ filters: 4, kernelSize: 4, strides: 2, padding: 'valid' }),
        layers.dropout({ rate: 0.5 }),
        layers.cropping2D({
          cropping: [
            [1, 0],
            [2, 1],
          ],
        }),
        layers.conv2d({ filters: 3, kernelSize: 3, activation: 'tanh' }),
      ],
    }),
  );
});

test('a graph with branches, depthwise kernels, pools and resizing', async () => {
  const x = image();
  const first = layers
    .depthwiseConv2d({ kernelSize: 3, padding: 'same', depthMultiplier: 2 })
    .apply(x) as tf.SymbolicTensor;
  const second = layers
    .separableConv2d({ filters: 6, kernelSize: 3, padding: 'same', activation: 'sigmoid' })
    .apply(x) as tf.SymbolicTensor;
  const sum = layers.add().apply([first, second]) as tf.SymbolicTensor;
  const product = layers.multiply().apply([sum, second]) as tf.SymbolicTensor;
  const mean = layers.average().apply([product, first]) as tf.SymbolicTensor;
  const wide = layers.concatenate().apply([mean, x]) as tf.SymbolicTensor;
  const small = layers.maxPooling2d({ poolSize: 2 }).apply(wide) as tf.SymbolicTensor;
  const smooth = layers
    .averagePooling2d({ poolSize: 3, strides: 1, padding: 'same' })
    .apply(small) as tf.SymbolicTensor;
  const large = layers.upSampling2d({ size: [2, 2] }).apply(smooth) as tf.SymbolicTensor;
  const padded = layers
    .zeroPadding2d({
      padding: [
        [1, 2],
        [0, 3],
      ],
    })
    .apply(large) as tf.SymbolicTensor;
  const last = layers.conv2d({ filters: 3, kernelSize: 1 }).apply(padded) as tf.SymbolicTensor;
  await expectSame(tf.model({ inputs: x, outputs: last }));
});

test('a layer that is used twice, and a model inside a model', async () => {
  const block = tf.sequential({
    layers: [
      layers.conv2d({ inputShape: [null, null, 3], filters: 3, kernelSize: 3, padding: 'same', activation: 'relu' }),
    ],
  });
  const shared = layers.conv2d({ filters: 3, kernelSize: 3, padding: 'same' });
  const x = image();
  const once = shared.apply(x) as tf.SymbolicTensor;
  const inner = block.apply(once) as tf.SymbolicTensor;
  const twice = shared.apply(inner) as tf.SymbolicTensor;
  await expectSame(tf.model({ inputs: x, outputs: twice }));
});

/** Layers of their own cannot be run by TensorFlow.js without their code: the arithmetic is checked here. */
test('layers of upscalers are known: pixels out of channels, and a factor', async () => {
  const folder = await saved(
    tf.sequential({
      layers: [
        layers.conv2d({ inputShape: [null, null, 3], filters: 12, kernelSize: 1, useBias: false, name: 'spread' }),
        layers.activation({ activation: 'linear', name: 'beta' }),
        layers.activation({ activation: 'linear', name: 'shuffle' }),
      ],
    }),
  );
  const path = join(folder, 'model.json');
  const text = (await readFile(path, 'utf8'))
    .replace(
      /"class_name":"Activation","config":\{[^}]*"name":"beta"/,
      '"class_name":"MultiplyBeta","config":{"beta":0.5,"name":"beta"',
    )
    .replace(
      /"class_name":"Activation","config":\{[^}]*"name":"shuffle"/,
      '"class_name":"PixelShuffle2x","config":{"name":"shuffle"',
    );
  expect(text).toMatch(/MultiplyBeta.*PixelShuffle2x/);
  await writeFile(path, text);
  const model = await readModel(folder);
  const { findings } = await detectInterface(model, {}, folder);
  expect(findings).toContainEqual({ name: 'scale', value: '2', source: 'tried' });
});

test.each([
  ['Lambda', 'is of a kind that is not known here'],
  ['Conv3D', 'is of a kind that is not known here'],
])('a layer of the kind %s is refused by name', async (kind, why) => {
  const folder = await saved(
    tf.sequential({ layers: [layers.activation({ inputShape: [null, null, 3], activation: 'relu', name: 'odd' })] }),
  );
  const path = join(folder, 'model.json');
  await writeFile(path, (await readFile(path, 'utf8')).replace('"class_name":"Activation"', `"class_name":"${kind}"`));
  await expect(readModel(folder)).rejects.toThrow(`its layer odd (${kind}) ${why}`);
});

test('weights that are not there, too short, or outside of the folder are told', async () => {
  const folder = await saved(
    tf.sequential({ layers: [layers.conv2d({ inputShape: [null, null, 3], filters: 3, kernelSize: 1 })] }),
  );
  const path = join(folder, 'model.json');
  const text = await readFile(path, 'utf8');
  await writeFile(path, text.replace('group1-shard2of2.bin', 'none.bin'));
  await expect(readModel(folder)).rejects.toMatchObject({ code: 'MODEL_MISSING' });
  await writeFile(path, text.replace('group1-shard2of2.bin', '../model.json'));
  await expect(readModel(folder)).rejects.toThrow('leads out of its folder');
  await writeFile(path, text.replace(',"group1-shard2of2.bin"', ''));
  await expect(readModel(folder)).rejects.toThrow('its files of weights end within');
});

test('weights may be stored in bytes, sixteen bits, or halves', async () => {
  const model = tf.sequential({
    layers: [layers.conv2d({ inputShape: [null, null, 3], filters: 3, kernelSize: 1, useBias: false, name: 'only' })],
  });
  const folder = await saved(model);
  const path = join(folder, 'model.json');
  const document = JSON.parse(await readFile(path, 'utf8'));
  const [group] = document.weightsManifest;
  const values = [0, 1, 2, 3, 4, 5, 6, 7, 8];
  const stored = {
    uint8: Buffer.from(values),
    uint16: Buffer.from(Uint16Array.from(values).buffer),
    float16: Buffer.from(Uint16Array.from([0, 0x3c00, 0x4000, 0x4200, 0x4400, 0x4500, 0x4600, 0x4700, 0x4800]).buffer),
  };
  for (const [dtype, bytes] of Object.entries(stored)) {
    const quantization = dtype === 'float16' ? { dtype } : { dtype, scale: 0.5, min: -1 };
    group.weights[0].quantization = quantization;
    group.paths = ['quantised.bin'];
    await writeFile(join(folder, 'quantised.bin'), bytes);
    await writeFile(path, JSON.stringify(document));
    const found = await translated(folder);
    const kernel = dtype === 'float16' ? values : values.map(value => value * 0.5 - 1);
    const [r, g, b] = predicted(x => x);
    expect(found[1]).toBeCloseTo(r! * kernel[1]! + g! * kernel[4]! + b! * kernel[7]!, 4);
  }
});
