/**
 * The end of a training: a plugin folder with a manifest and one model per direction, which `watch-config.json` can
 * name at once.
 */
import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../base/index.js';
import type { WeightTensors } from '../nets/index.js';
import { storeWeights, type WeightStorage } from '../onnx/index.js';
import { type ModelQuality, pluginApiVersion } from '../plugin-api/index.js';
import { encodeGenerator } from './generator-model.js';
import type { Direction } from './recipes/index.js';
import { recipeOf, recipeSettings, type TrainingSettings } from './settings.js';

export interface ExportOptions {
  /** Default `float32`. */
  readonly storage?: WeightStorage;
  /** As an evaluation had it, by the domain that a direction leads to. */
  readonly quality?: Readonly<Record<string, ModelQuality>>;
}

/**
 * Writes `OUT/plugins/PAIR/` and returns its path.
 * @param weights of the recipe's generators, by full name: `G_A.model.1.weight`
 */
export async function exportPlugin(
  settings: TrainingSettings,
  steps: number,
  weights: WeightTensors,
  { storage = 'float32', quality = {} }: ExportOptions = {},
): Promise<string> {
  const folder = join(settings.out, 'plugins', settings.pair);
  await mkdir(folder, { recursive: true });
  const models: Record<string, WrittenModel> = {};
  for (const direction of recipeOf(settings).directions) {
    const bytes = encodeDirection(settings, steps, weights, direction);
    const to = settings.domains[direction.to];
    const written = await writeModel(folder, to, storeWeights(bytes, storage), fitOf(settings));
    models[to] = { ...written, ...(quality[to] && { quality: quality[to] }) };
  }
  const manifest = {
    name: settings.pair,
    version: '0.1.0',
    private: true,
    engines: { cyclebox: `^${pluginApiVersion}` },
    contributes: { domainPairs: [{ id: settings.pair, domains: settings.domains, models }] },
  };
  await writeFileAtomic(join(folder, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
  return folder;
}

interface TrainedFit {
  readonly trainedSize: number | undefined;
  readonly cropSize: number;
}

interface WrittenModel {
  readonly path: string;
  readonly sha256: string;
  readonly size: number;
  readonly fit: TrainedFit;
  readonly quality?: ModelQuality;
}

async function writeModel(folder: string, to: string, bytes: Uint8Array, fit: TrainedFit): Promise<WrittenModel> {
  const path = `to-${to}.onnx`;
  await writeFileAtomic(join(folder, path), bytes);
  return { path, sha256: createHash('sha256').update(bytes).digest('hex'), size: bytes.length, fit };
}

function encodeDirection(
  settings: TrainingSettings,
  steps: number,
  weights: WeightTensors,
  { network, from, to }: Direction,
): Uint8Array {
  return encodeGenerator({
    spec: recipeSettings(settings).generator,
    weights: stripped(weights, `${network}.`),
    pair: settings.pair,
    from: settings.domains[from],
    to: settings.domains[to],
    ...fitOf(settings),
    training: describeTraining(settings, steps),
  });
}

/** In the last stage, from which the weights come. Images that were not scaled by their shorter side had no one size. */
function fitOf({ preprocess, loadSize, size }: TrainingSettings): TrainedFit {
  const isOneSize = preprocess === 'resize-and-crop' && loadSize > 0;
  return { trainedSize: isOneSize ? loadSize : undefined, cropSize: size };
}

/** Settings and data only: no paths, no clock. By name, since a resumed run has its settings in another order. */
function describeTraining(settings: TrainingSettings, step: number): Record<string, unknown> {
  const { a: _a, b: _b, out: _out, pair: _pair, domains: _domains, warmStart, ...others } = settings;
  const described: Record<string, unknown> = { ...others, ...(warmStart !== undefined && { warmStart: true }), step };
  return Object.fromEntries(
    Object.keys(described)
      .sort()
      .map(name => [name, described[name]]),
  );
}

function stripped(weights: WeightTensors, prefix: string): WeightTensors {
  return Object.fromEntries(
    Object.entries(weights)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, tensor]) => [name.slice(prefix.length), tensor]),
  );
}
