/** TensorFlow.js models on disk as its own tools write them, and their run by TensorFlow.js itself: the judge of our reading. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { openEngine } from '../../src/engine/index.js';
import { readModel } from '../../src/model-files/index.js';
import { wave } from './state-dict-file.js';

/** Values that tell layers apart, in place of those that the model was made with. */
export function fillWeights(model: LayersModel): void {
  model.setWeights(
    model.weights.map(({ name, shape }, at) => {
      const sizes = shape as number[];
      const isScale = /gamma|variance/.test(name);
      const count = sizes.reduce((product, side) => product * side, 1);
      return tf.tensor(wave(count, at, isScale ? 0.2 : 0.3, isScale ? 1 : 0), sizes);
    }),
  );
}

export async function saveLayersModel(model: LayersModel, folder: string): Promise<void> {
  await model.save(
    tf.io.withSaveHandler(async artifacts => {
      await writeArtifacts(artifacts, folder);
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    }),
  );
}

/** Weights in two files, as large models have them. */
export async function writeArtifacts(artifacts: tf.io.ModelArtifacts, folder: string): Promise<void> {
  const { modelTopology, weightSpecs, weightData, format, signature } = artifacts;
  const bytes = Buffer.from(tf.io.CompositeArrayBuffer.join(weightData));
  const paths = ['group1-shard1of2.bin', 'group1-shard2of2.bin'] as const;
  const half = Math.floor(bytes.length / 2);
  await writeFile(join(folder, paths[0]), bytes.subarray(0, half));
  await writeFile(join(folder, paths[1]), bytes.subarray(half));
  const document = { format, modelTopology, signature, weightsManifest: [{ paths, weights: weightSpecs }] };
  await writeFile(join(folder, 'model.json'), JSON.stringify(document));
}

export interface Picture {
  readonly height: number;
  readonly width: number;
  /** `[height, width, 3]` */
  readonly values: Float32Array;
}

export const picture: Picture = { height: 12, width: 16, values: wave(12 * 16 * 3, 0, 0.9) };

/** What a function of TensorFlow.js gives, `[h, w, c]` flat. */
export function predicted(predict: (x: tf.Tensor4D) => tf.Tensor): Float32Array {
  return tf.tidy(() => {
    const x = tf.tensor4d(picture.values, [1, picture.height, picture.width, 3]);
    return predict(x).dataSync() as Float32Array;
  });
}

/** What our reading of the folder gives, `[h, w, c]` flat. */
export async function translated(folder: string): Promise<Float32Array> {
  const { bytes, outline } = await readModel(folder);
  const isFirst = outline.inputs[0]!.shape![1] === 3;
  const { height, width, values } = picture;
  const engine = await openEngine('cpu');
  const program = await engine.load({ bytes });
  const data = isFirst ? planes(values, height * width) : values;
  const shape = isFirst ? [1, 3, height, width] : [1, height, width, 3];
  try {
    const { translated: result } = await program.run({ image: { shape, data } });
    return isFirst ? interleaved(result!.data, result!.shape[1]!) : result!.data;
  } finally {
    await program.dispose();
    await engine.dispose();
  }
}

function planes(values: Float32Array, plane: number): Float32Array {
  return values.map((_, at) => values[(at % plane) * 3 + Math.floor(at / plane)]!);
}

function interleaved(values: Float32Array, channels: number): Float32Array {
  const plane = values.length / channels;
  return values.map((_, at) => values[(at % channels) * plane + Math.floor(at / channels)]!);
}
