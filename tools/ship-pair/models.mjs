/**
 * The models of a pair in the store: put there from a training's plugin folder, with their weights as float16 where no pixel
 * moves by more than 1, and read back for the manifest and the card.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { samplesFolder } from '../../dist/cli/demo/demo-plan.js';
import { openEngine } from '../../dist/engine/index.js';
import { decodeImage, resizePicture } from '../../dist/image/index.js';
import { describeNetwork, parseArchitecture } from '../../dist/nets/index.js';
import { decodeOnnx, metadataKeys, storeWeights } from '../../dist/onnx/index.js';
import { imageOf, pictureOf, planesOf, tensorOf } from '../../dist/training/index.js';

/**
 * @typedef {{ readonly from: string, readonly to: string, readonly isFirst: boolean, readonly path: string,
 *   readonly network: string, readonly weights: number, readonly sizeBytes: number, readonly sha256: string,
 *   readonly storage: import('../../dist/onnx/index.js').WeightStorage, readonly trainedSize?: number,
 *   readonly cropSize?: number, readonly training: Readonly<Record<string, any>> }} StoredModel `path` in the store
 * @typedef {StoredModel & { readonly figures: readonly import('./figures.mjs').Figure[], readonly on: string,
 *   readonly warnings: readonly string[] }} ShippedModel
 */

/** Of the samples that it is tried on, pixels. */
const triedSide = 256;
/** Of 255. */
const mostMoved = 1;

/** @param {string} from a model @param {string} to in the store @param {readonly string[]} sampleFolders names in samples/ */
export async function storeModel(from, to, sampleFolders) {
  const bytes = new Uint8Array(await readFile(from));
  const halves = storeWeights(bytes, 'float16', from);
  const moved = await mostMovedBy(bytes, halves, sampleFolders);
  const isNear = moved <= mostMoved;
  console.log(
    `${from}: as float16, pixels of the samples move by ${moved} at most${isNear ? '' : ': kept as float32'}`,
  );
  await mkdir(dirname(to), { recursive: true });
  await writeFile(to, isNear ? halves : bytes);
}

/** The largest difference of a byte over translations of samples. */
async function mostMovedBy(exact, stored, sampleFolders) {
  const engine = await openEngine('cpu');
  const programs = [await engine.load({ bytes: exact }), await engine.load({ bytes: stored })];
  let most = 0;
  for (const file of await samplesIn(sampleFolders)) {
    const picture = await resizePicture(await decodeImage(file), triedSide, triedSide);
    const image = tensorOf([planesOf(picture)]);
    const results = [];
    for (const program of programs) results.push(pictureOf(imageOf((await program.run({ image })).translated)).rgb);
    for (const [at, value] of results[0].entries()) most = Math.max(most, Math.abs(value - results[1][at]));
  }
  await engine.dispose();
  return most;
}

async function samplesIn(folders) {
  const lists = await Promise.all(
    folders.map(async folder => {
      const names = await readdir(join(samplesFolder, folder)).catch(() => []);
      return names.map(name => join(samplesFolder, folder, name));
    }),
  );
  if (lists.flat().length > 0) return lists.flat();
  throw new RangeError(`There is no sample in ${folders.join(' or ')} to try the stored weights on.`);
}

/**
 * @param {string} store @param {string} path in it @param {string} from @param {string} to @param {boolean} isFirst
 * @returns {Promise<StoredModel>}
 */
export async function readStored(store, path, from, to, isFirst) {
  const bytes = new Uint8Array(await readFile(join(store, path)));
  const { metadata, weights } = decodeOnnx(bytes, path);
  const size = shape => shape.reduce((product, one) => product * one, 1);
  const number = key => (metadata[key] === undefined ? undefined : Number(metadata[key]));
  return {
    ...{ from, to, isFirst, path, sizeBytes: bytes.length },
    network: describeNetwork(parseArchitecture(metadata[metadataKeys.architecture])),
    weights: [...weights.values()].reduce((sum, { shape }) => sum + size(shape), 0),
    sha256: createHash('sha256').update(bytes).digest('hex'),
    storage: [...weights.keys()].length > 0 && isStoredAsHalves(bytes) ? 'float16' : 'float32',
    trainedSize: number(metadataKeys.trainedSize),
    cropSize: number(metadataKeys.cropSize),
    training: trainingOf(metadata, path),
  };
}

function trainingOf({ [metadataKeys.training]: training }, path) {
  if (training !== undefined) return JSON.parse(training);
  throw new RangeError(
    `models/${path} does not say how it was trained. Give its weights with a training.json (README.md).`,
  );
}

/** Storing it so once more would change nothing, and storing it as float32 would. */
function isStoredAsHalves(bytes) {
  return storeWeights(bytes, 'float32').length > 1.5 * bytes.length;
}
