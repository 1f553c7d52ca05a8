export { Shell } from './shell.js';
export { applyTheme } from './theme.js';
