/** The papers' weights, in one place: options, tests and benchmarks take them from here. */
import type { RecipeSettings } from './recipe.js';

export const defaultWeights = {
  cycleWeight: 10,
  identityWeight: 5,
  reconstructionWeight: 100,
  contrastWeight: 1,
  contrastIdentity: true,
  penaltyWeight: 10,
  augment: [],
} as const satisfies Partial<RecipeSettings>;
