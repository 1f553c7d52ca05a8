export {
  formatAge,
  formatBytes,
  formatCount,
  formatMs,
  formatNumber,
  formatTime,
  plural,
  splitPath,
  translationName,
} from './format.js';
export { nowMs, startClock } from './now.js';
