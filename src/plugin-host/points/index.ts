export type { ContributionOf, ContributionPoint, ContributionValue } from './contribution-point.js';
export { type Contributed, type ContributionDelta, ContributionTable, type Contributor } from './contribution-table.js';
export { isInside, staysInside } from './fields.js';
export {
  nameTemplate,
  outputFields,
  outputOptionsOf,
  refineOutput,
  type WrittenOutput,
} from './output.js';
export { pointNames, points } from './points.js';
export { type ParsedRecipe, parseRecipe } from './recipe-document.js';
export { parseScale, scaleSchema } from './scale.js';
export { parseTiling, tilingSchema, tilings } from './tiling.js';
