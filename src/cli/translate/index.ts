/** Files translated by the command line, in a process of its own. */
export { type TranslateFilesOptions, translateFiles } from './translate-files.js';
