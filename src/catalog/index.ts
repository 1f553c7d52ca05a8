export { defaultModelStore, locateModel, type ModelFile, type ModelPlaces } from './locate-model.js';
export { readManifest } from './manifest.js';
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
  type ResolveOptions,
  resolveTranslation,
  type Translation,
} from './resolve-translation.js';
export { parseScale, scaleSchema } from './scale.js';
