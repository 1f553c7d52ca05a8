/** What plugins with code do in a daemon's jobs, and what the daemon does for them. */

export { runPluginCommand } from './plugin-command.js';
export { type PairSources, PluginTranslator } from './plugin-translator.js';
export { type ProcessingOptions, pluginWork, processingSteps } from './plugin-work.js';
