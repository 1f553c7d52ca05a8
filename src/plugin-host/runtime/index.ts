/** A plugin's side: what runs in its process, or beside its tests. */
export * from './plugin-protocol.js';
export { type LoadModule, PluginService } from './plugin-service.js';
export { scratchFile, withoutFiles } from './scratch-file.js';
