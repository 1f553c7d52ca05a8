/**
 * `npm run classify:horse-zebra -- --classifier DIR --data DIR`: asks an ImageNet classifier what it sees in the held-out
 * horses and zebras, before and after they are translated. The classifier is a TensorFlow.js LayersModel in Darknet's class
 * order (such as Darknet-tiny), input `[1, 224, 224, 3]`, RGB / 255, the image squeezed to a square. Pictures are translated
 * as the `translate` command does it, nothing scaled or cut; the classifier is for measuring only and knows nothing of us.
 */
import '@tensorflow/tfjs-backend-wasm';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { loadLayersModel } from '@tensorflow/tfjs-layers';
import sharp from 'sharp';
import { openTranslator } from '../../dist/translate/index.js';

const side = 224;
/** Class numbers of Darknet's list: a horse is nearest to `sorrel`. */
const classes = { sorrel: 38, zebra: 79 };

const { values } = parseArgs({
  options: {
    classifier: { type: 'string' },
    data: { type: 'string' },
    'to-zebra': { type: 'string', default: 'models/horse-zebra/to-zebra.onnx' },
    'to-horse': { type: 'string', default: 'models/horse-zebra/to-horse.onnx' },
    limit: { type: 'string' },
    threads: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});

await main();

async function main() {
  if (!values.classifier || !values.data)
    throw new RangeError('Give --classifier DIR and --data DIR (with testA, testB).');
  await tf.setBackend('wasm');
  const model = await loadModel(resolve(values.classifier));
  const horses = images('testA');
  const zebras = images('testB');
  const rows = [
    await row('real horses', model, horses),
    await row('real zebras', model, zebras),
    await row('horse → zebra', model, horses, values['to-zebra']),
    await row('zebra → horse', model, zebras, values['to-horse']),
  ];
  if (values.json) console.log(JSON.stringify(rows, undefined, 2));
  else console.table(Object.fromEntries(rows.map(({ what, ...rest }) => [what, rest])));
}

/** @param {string} folder @returns {string[]} */
function images(folder) {
  const path = join(resolve(/** @type {string} */ (values.data)), folder);
  const files = readdirSync(path)
    .filter(name => /\.(jpe?g|png)$/i.test(name))
    .sort();
  return files.slice(0, values.limit ? Number(values.limit) : files.length).map(name => join(path, name));
}

/**
 * Shares of images whose first guess is a zebra, with a zebra among the first five, and whose first guess is a horse.
 * @param {string} what
 * @param {import('@tensorflow/tfjs-layers').LayersModel} model
 * @param {readonly string[]} files
 * @param {string} [generator]
 */
async function row(what, model, files, generator) {
  const threads = values.threads ? Number(values.threads) : undefined;
  const translator = generator
    ? await openTranslator({ model: resolve(generator), engine: 'cpu', precision: 'float32', threads })
    : undefined;
  const counts = { zebra: 0, zebraInFive: 0, sorrel: 0 };
  for (const file of files) {
    const best = await guess(model, await pixels(file, translator));
    if (best[0] === classes.zebra) counts.zebra++;
    if (best.includes(classes.zebra)) counts.zebraInFive++;
    if (best[0] === classes.sorrel) counts.sorrel++;
  }
  await translator?.dispose();
  const share = (/** @type {number} */ count) => Number((count / files.length).toFixed(3));
  return {
    what,
    images: files.length,
    zebra: share(counts.zebra),
    'zebra in five': share(counts.zebraInFive),
    sorrel: share(counts.sorrel),
  };
}

/** The image, translated where there is a translator, squeezed to the classifier's square: RGB bytes. */
async function pixels(file, translator) {
  const source = translator
    ? sharp((await translator.translate(file, { format: 'png' })).data)
    : sharp(file).removeAlpha();
  return source.resize(side, side, { fit: 'fill' }).removeAlpha().raw().toBuffer();
}

/** The five likeliest classes, likeliest first. */
async function guess(model, rgb) {
  const scores = tf.tidy(() => {
    const input = tf.div(tf.tensor4d(Float32Array.from(rgb), [1, side, side, 3]), 255);
    return /** @type {import('@tensorflow/tfjs-core').Tensor} */ (model.predict(input));
  });
  const values = await scores.data();
  scores.dispose();
  return [...values.keys()].sort((a, b) => values[b] - values[a]).slice(0, 5);
}

/** The files of a LayersModel: `model.json` and the shards it names. @param {string} folder */
async function loadModel(folder) {
  const { modelTopology, weightsManifest } = JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8'));
  const shards = weightsManifest.flatMap(({ paths }) => paths.map(path => readFileSync(join(folder, path))));
  const weightSpecs = weightsManifest.flatMap(({ weights }) => weights);
  const joined = Buffer.concat(shards);
  const weightData = joined.buffer.slice(joined.byteOffset, joined.byteOffset + joined.byteLength);
  return loadLayersModel({ load: async () => ({ modelTopology, weightSpecs, weightData }) });
}
