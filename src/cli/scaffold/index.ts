export { scaffoldFiles } from './scaffold-files.js';
export type { PluginKind, ScaffoldLanguage } from './scaffold-options.js';
