export { type InstalledPlugin, installPlugin, uninstallPlugin } from './install-plugin.js';
