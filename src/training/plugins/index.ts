/** What plugins with code do in trainings and evaluations. */
export { pluginMetric } from './plugin-metric.js';
export { withPluginRecipe } from './plugin-recipe.js';
export { type TrainingPluginPlaces, TrainingPlugins } from './training-plugins.js';
