/** Plugins with code, each in a process of its own. */
export { CodedPlugin, type CodedPluginOptions, type PluginCallOptions, type PluginEvent } from './coded-plugin.js';
export { type CodedPluginSpec, specOf } from './coded-plugin-spec.js';
export { type CodedPoint, idsOf, missingContribution } from './coded-points.js';
export { type PluginCosts, readCosts } from './cost-ledger.js';
export { type CrashPolicy, crashPolicy } from './crash-record.js';
export { hostCalls, type TranslateForPlugin } from './host-calls.js';
export { unguardedOf } from './permission-flags.js';
export {
  type NamedContribution,
  type PluginFacts,
  PluginHost,
  type PluginHostOptions,
} from './plugin-host.js';
export { type PluginLimits, pluginLimits } from './plugin-limits.js';
export { type PluginPlaces as PluginDataPlaces, pluginPlaces } from './plugin-places.js';
export { PluginStore } from './plugin-store.js';
