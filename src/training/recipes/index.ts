export { type AdamSettings, adamDefaults, adamInputs, adamScalars, momentNames } from './adam.js';
export { cyclegan } from './cyclegan.js';
export { type AdversarialLoss, adversarialLoss, adversarialLosses } from './losses.js';
export {
  buildPhase,
  buildPreview,
  buildTranslation,
  gatheredName,
  type PhaseGraph,
  type TrainedParameter,
  trainedParameters,
  weightName,
} from './phase-graph.js';
export type {
  Direction,
  Phase,
  Preview,
  Recipe,
  RecipeSettings,
  SampleColumn,
  TrainedNetwork,
} from './recipe.js';
export { type RecipeId, recipeIds, recipes } from './recipes.js';
