/**
 * Generators that come as weights alone, as the plugin folder that a training writes: `to-DOMAIN.safetensors` with
 * `training.json` beside them, which holds the training's options as `cyclebox train --config` takes them, the step, and the `framework`.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkWeights, cleanStateDict, readSafetensorsFile } from '../../dist/nets/index.js';
import { recipeOf, recipeSettings, resolveTrainingSettings } from '../../dist/training/index.js';
import { exportPlugin } from '../../dist/training/plugin-export.js';

const trainingFile = 'training.json';

/** Whether a folder holds weights alone. @param {string} folder */
export function holdsWeights(folder) {
  return existsSync(join(folder, trainingFile));
}

/**
 * @param {string} folder
 * @param {{ pair: string, domains: readonly [string, string] }} pair
 * @param {string} out
 * @returns {Promise<string>} the plugin's folder, in `out`
 */
export async function exportWeights(folder, pair, out) {
  const { step, framework, ...options } = JSON.parse(await readFile(join(folder, trainingFile), 'utf8'));
  const settings = resolveTrainingSettings({ a: folder, b: folder, ...options, ...pair, out });
  const { generator } = recipeSettings(settings);
  const weights = {};
  for (const { network, to } of recipeOf(settings).directions) {
    const file = join(folder, `to-${pair.domains[to]}.safetensors`);
    const tensors = cleanStateDict((await readSafetensorsFile(file)).tensors, file);
    checkWeights(generator, tensors, file);
    for (const [key, tensor] of Object.entries(tensors)) weights[`${network}.${key}`] = tensor;
  }
  return exportPlugin({ ...settings, ...(framework && { framework }) }, step ?? settings.steps, weights);
}
