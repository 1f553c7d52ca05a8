export {
  type AdamSettings,
  adamDefaults,
  adamInputs,
  adamScalars,
  applyAdam,
  momentNames,
} from './adam.js';
export { type Augmentation, augmentations } from './augmentation.js';
export { checkedRecipe, codedRecipe } from './coded-recipe.js';
export { cyclegan } from './cyclegan.js';
export { defaultWeights } from './default-weights.js';
export { type AdversarialLoss, adversarialLosses, discriminatorLoss, generatorLoss } from './losses.js';
export { weightName } from './phase-context.js';
export {
  accumulatedName,
  buildPhase,
  buildPreview,
  buildTranslation,
  gradientName,
  lossName,
  type PhaseGraph,
  runningStatistics,
  type TrainedParameter,
  trainedParameters,
} from './phase-graph.js';
export { buildShares, type PhaseShares } from './phase-shares.js';
export type {
  Direction,
  Phase,
  Preview,
  Recipe,
  RecipeOption,
  RecipeSettings,
  SampleColumn,
  TrainedNetwork,
} from './recipe.js';
export { type RecipeId, recipeIds, recipes } from './recipes.js';
