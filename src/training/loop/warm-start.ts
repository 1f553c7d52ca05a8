/**
 * Weights to begin with from what another training left: a run's folder (its latest checkpoint), one checkpoint, a
 * safetensors file of them, or a folder with exported generators (a trained plugin, a pair's folder in the model store). Networks that are not there are drawn as usual;
 * one that is there and does not fit is an error.
 */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CycleboxError, readRegularFile } from '../../base/index.js';
import type { Tensors } from '../../engine/index.js';
import { readSafetensorsFile, type WeightTensors } from '../../nets/index.js';
import { decodeOnnx } from '../../onnx/index.js';
import { runningStatistics, trainedParameters } from '../recipes/index.js';
import { recipeOf, type TrainingSettings } from '../settings.js';
import { networksOf } from '../trained-networks.js';
import { hasCheckpoint, readCheckpoint, readLatestCheckpoint } from './checkpoint.js';

/** Nothing without a warm start. @throws FILE_NOT_FOUND, WEIGHTS_MISMATCH naming the file and the first misfits */
export async function warmVariables(settings: TrainingSettings): Promise<Tensors> {
  const { warmStart: path } = settings;
  if (path === undefined) return {};
  const found = await readWeights(path, settings);
  const networks = networksOf(settings);
  const needed = [...trainedParameters(networks), ...runningStatistics(networks)];
  const taken = needed.filter(({ name }) => found[name]);
  if (taken.length === 0) throw misfit(path, 'it holds no weights of this recipe');
  const present = new Set(taken.map(({ name }) => networkOf(name)));
  for (const { name, shape } of needed) {
    if (!present.has(networkOf(name))) continue;
    const given = found[name];
    if (!given) throw misfit(path, `${name} is missing`);
    if (given.shape.join() !== shape.join()) throw misfit(path, `${name} is [${given.shape}], needed: [${shape}]`);
  }
  return Object.fromEntries(taken.map(({ name }) => [name, found[name]!]));
}

/** By the names that a checkpoint gives them. Averages go before the weights they are averages of. */
async function readWeights(path: string, settings: TrainingSettings): Promise<WeightTensors> {
  const kind = await stat(path).catch(cause => {
    const message = `${path} to start from does not exist. Give a run's folder, a checkpoint or a folder with models such as to-zebra.onnx.`;
    throw new CycleboxError('FILE_NOT_FOUND', message, { subject: { file: path }, cause });
  });
  if (kind.isFile()) return (await readSafetensorsFile(path)).tensors;
  const names = await readdir(path);
  if (names.includes('state.json')) return (await readCheckpoint(path)).weights;
  if (await hasCheckpoint(path)) return (await readLatestCheckpoint(path)).weights;
  if (names.some(name => /^to-.+\.onnx$/.test(name))) return readExported(path, settings);
  throw misfit(path, "it is no run's folder, checkpoint, safetensors file or folder with models such as to-zebra.onnx");
}

/** `to-zebra.onnx` becomes the generator that leads to the second domain. */
async function readExported(folder: string, settings: TrainingSettings): Promise<WeightTensors> {
  const { domains } = settings;
  const weights: Record<string, WeightTensors[string]> = {};
  for (const { network, to } of recipeOf(settings).directions) {
    const file = join(folder, `to-${domains[to]}.onnx`);
    const bytes = await readRegularFile(file).catch(() => undefined);
    if (!bytes) continue;
    for (const [key, { shape, floats }] of decodeOnnx(bytes, file).weights)
      weights[`${network}.${key}`] = { shape, data: floats() };
  }
  return weights;
}

function networkOf(name: string): string {
  return name.slice(0, name.indexOf('.'));
}

function misfit(file: string, what: string): CycleboxError {
  const message = `${file} cannot be started from: ${what}. Start from a training of the same networks, or without warmStart.`;
  return new CycleboxError('WEIGHTS_MISMATCH', message, { subject: { file } });
}
