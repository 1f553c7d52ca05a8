/**
 * Asks a plugin for its recipe's graph, once, before a training begins. From then on the graph is part of the training's options, and
 * so of its checkpoints: whether the plugin changes or goes is nothing to the run.
 */
import { CycleboxError } from '../../base/index.js';
import type { PluginHost } from '../../plugin-host/index.js';
import type { TrainingOptions } from '../options.js';
import { isPluginName } from '../plugin-names.js';
import { checkedRecipe } from '../recipes/index.js';
import { settingsForPlugin } from '../settings.js';

/**
 * The options with the graph, where they name a plugin's recipe and have none.
 * @throws PLUGIN_UNAVAILABLE naming what there is, PLUGIN_FAILED with what is wrong with the recipe, PLUGIN_CRASHED, USAGE
 */
export async function withPluginRecipe(
  options: TrainingOptions,
  openHost: () => Promise<PluginHost>,
): Promise<TrainingOptions> {
  const { recipe, recipeGraph } = options;
  if (recipe === undefined || !isPluginName(recipe) || recipeGraph !== undefined) return options;
  const { told, networks } = settingsForPlugin(options);
  const { plugin, id } = (await openHost()).named('recipes', recipe);
  const asked = { event: `onTrain:${id}`, doing: `failed as recipe "${id}"` };
  const returned = await plugin.call('recipe', { id, settings: told }, asked);
  try {
    return { ...options, recipeGraph: checkedRecipe(recipe, returned, networks) };
  } catch (error) {
    const { name, version } = plugin.spec;
    const message = `${name} ${version} returned no recipe as "${id}" that can be trained: ${(error as Error).message}`;
    throw new CycleboxError('PLUGIN_FAILED', message, { subject: { plugin: name }, cause: error });
  }
}
