export { loadAvailablePairs, type PairSelection } from './available-pairs.js';
export { defaultModelStore, locateModel, type ModelFile, type ModelPlaces } from './locate-model.js';
export { readManifest } from './manifest.js';
export { type ImageModel, openImageModel } from './open-image-model.js';
export {
  type DomainPair,
  defaultPluginFolders,
  loadPlugins,
  type ModelReference,
  type PluginCatalog,
  type PluginOrigin,
} from './plugin-catalog.js';
export {
  type Direction,
  directionsOf,
  type ResolvedDirection,
  type ResolveOptions,
  resolveDirection,
} from './resolve-direction.js';
export { parseScale, scaleSchema } from './scale.js';
