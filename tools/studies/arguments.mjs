/** Values of a study's command line, checked: an error names the option, its value and what is allowed. */
import { clocks } from './clocks.mjs';

/** Options that every study has, for `parseArgs`. */
export const commonOptions = {
  minutes: { type: 'string', default: '20' },
  seconds: { type: 'string' },
  size: { type: 'string', default: '64' },
  width: { type: 'string', default: '16' },
  blocks: { type: 'string', default: '4' },
  engine: { type: 'string', default: 'cpu' },
  threads: { type: 'string' },
  clock: { type: 'string', default: 'wall' },
};

/** @typedef {Readonly<Record<string, string | boolean | undefined>>} Values as `parseArgs` gives them */

/** What the common options say, but for engine and threads. @param {Values} values */
export function commonOf(values) {
  return {
    seconds: values.seconds ? positive(values, 'seconds') : 60 * positive(values, 'minutes'),
    size: positive(values, 'size'),
    width: positive(values, 'width'),
    blocks: positive(values, 'blocks'),
    clock: clockOf(values),
  };
}

/** @param {Values} values @param {string} name */
export function positive(values, name) {
  const value = Number(values[name]);
  if (!(value > 0)) throw new RangeError(`--${name} is ${values[name]}; it must be a number above 0.`);
  return value;
}

/** @param {string} list such as `1000,2000` */
export function numbers(list) {
  const found = list.split(',').filter(Boolean).map(Number);
  if (found.every(value => Number.isInteger(value) && value > 0)) return found;
  throw new RangeError(`"${list}" is no list of whole numbers such as 1000,2000.`);
}

/** @param {Values} values */
function clockOf({ clock }) {
  if (clock in clocks) return clock;
  throw new RangeError(`--clock is ${clock}; it must be ${Object.keys(clocks).join(' or ')}.`);
}
