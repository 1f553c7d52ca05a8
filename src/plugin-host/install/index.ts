export { type InstalledPlugin, installPlugin, uninstallPlugin } from './install-plugin.js';
export { runNpm } from './run-npm.js';
