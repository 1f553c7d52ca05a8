/** Plugins on the command line, and the project whose plugins, pairs and models a command has. */
export { type InstallOptions, installPlugins, type UninstallOptions, uninstallPlugins } from './install-plugins.js';
export { describePlugin, type InfoOptions, listPlugins } from './list-plugins.js';
export { type NewPluginOptions, newPlugin } from './new-plugin.js';
export { type PairPlaces, pairPlaces } from './pair-places.js';
export { PluginChanges } from './plugin-changes.js';
export { findProject, type PluginProject, type PluginsOptions } from './plugin-project.js';
export { openPluginSession } from './plugin-session.js';
export { type BisectOptions, bisect, type ReplayCommandOptions, replay } from './replay-job.js';
export { runCommand } from './run-command.js';
export { runPluginTests } from './run-plugin-tests.js';
export { disable, type EnableOptions, enable } from './switch-plugins.js';
export { type ValidateOptions, validate } from './validate-plugins.js';
