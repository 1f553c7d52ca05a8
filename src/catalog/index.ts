export { availablePairs, loadAvailablePairs, type PairSelection } from './available-pairs.js';
export { type ImportedModel, type ImportRequest, importModel } from './import-model.js';
export { defaultModelStore, locateModel, type ModelFile, type ModelPlaces } from './locate-model.js';
export { type ImageModel, openImageModel } from './open-image-model.js';
export {
  catalogOf,
  type DomainPair,
  loadPlugins,
  type ModelReference,
  type PluginCatalog,
  type PluginOrigin,
} from './plugin-catalog.js';
export {
  findPublishedModel,
  licenceOfPublished,
  type PublishedModel,
  publishedModels,
} from './published-models.js';
export { type ModelOrigin, type PulledModel, type PullModelOptions, pullModel } from './pull-model.js';
export { type RecordedDirection, recordPrecision } from './record-precision.js';
export {
  type Direction,
  directionsOf,
  type ResolvedDirection,
  type ResolveOptions,
  resolveDirection,
} from './resolve-direction.js';
