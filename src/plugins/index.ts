export {
  type DomainPair,
  defaultPluginFolders,
  loadPlugins,
  type ModelReference,
  type PluginCatalog,
  type PluginOrigin,
} from './catalog.js';
export { readManifest } from './manifest.js';
