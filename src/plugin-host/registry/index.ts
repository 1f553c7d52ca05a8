export { activationEventsOf, pointsThatNeedCode } from './activation-events.js';
export {
  builtInFolder,
  type Discovery,
  discoverPlugins,
  type PluginPlaces,
  packageKeyword,
} from './discover-plugins.js';
export {
  disableForCrashes,
  disablePlugin,
  enablementFile,
  enablePlugin,
  forgetPlugin,
  installedFolder,
  type PluginDecision,
  type PluginDecisions,
  readDecisions,
} from './enablement-store.js';
export { type EngineVerdict, judgeEngine } from './engine-range.js';
export { manifestKeys, manifestSchema, type ParsedManifest, pluginJsonSchema } from './manifest-schema.js';
export { type FoundPlugin, isCoded, type Plugin, type PluginSource, pluginSources } from './plugin.js';
export { PluginRegistry, type PluginsChanged } from './plugin-registry.js';
export {
  contributionsOf,
  isSameSet,
  loadPluginSet,
  type PluginRecord,
  type PluginSet,
  type PluginSetOptions,
  pluginFolders,
  pluginSetOf,
  settledState,
} from './plugin-set.js';
export {
  isInForce,
  type PluginState,
  type PluginStateKind,
  permissionsCover,
  permissionsText,
  type RunningState,
  type SettledState,
  stateText,
} from './plugin-state.js';
export { findPlugin } from './read-manifest.js';
export {
  type SettingValue,
  type SettingValues,
  settingFaults,
  settingsJsonSchema,
  settingsOf,
  type WrittenSettings,
} from './setting-values.js';
