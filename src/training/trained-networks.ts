/** Which networks a training has, and which of their values leave it: read off its settings, before anything is opened. */
import { runningStatistics, type TrainedNetwork, type TrainedParameter, trainedParameters } from './recipes/index.js';
import { recipeOf, recipeSettings, type TrainingSettings } from './settings.js';

export function networksOf(settings: TrainingSettings): readonly TrainedNetwork[] {
  return recipeOf(settings).networks(recipeSettings(settings));
}

/** What the exported generators are made of: weights, and running statistics where there are any. */
export function generatorParameters(settings: TrainingSettings): readonly TrainedParameter[] {
  const exported = new Set(recipeOf(settings).directions.map(({ network }) => network));
  const networks = networksOf(settings).filter(({ name }) => exported.has(name));
  return [...trainedParameters(networks), ...runningStatistics(networks)];
}
