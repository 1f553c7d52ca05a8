/**
 * The arithmetic of the report's curves: smoothing, ranges, ticks, words for numbers. Part of the script in report.html,
 * of which report-page.ts makes one module of its parts; knows nothing of the page.
 *
 * @typedef {readonly [step: number, mean: number, low: number, high: number]} Point
 * @typedef {{ name: string, points: readonly Point[] }} Series
 * @typedef {{ title: string, series: string, value: number }} Reference
 * @typedef {{ title: string, format: 'number' | 'share', canLog: boolean, canSmooth: boolean, fromZero: boolean, series: Series[], references: Reference[] }} Chart
 * @typedef {readonly [low: number, high: number]} Range
 */

/** With fewer points than this every one is an event of its own, and nothing is smoothed. */
export const fewPoints = 30;

/**
 * Exponential moving average, its start corrected as in Adam (Kingma & Ba 2015): what TensorBoard draws, too.
 * @param {readonly Point[]} points
 * @param {number} weight of what was before, [0, 1)
 * @returns {readonly (readonly [step: number, value: number])[]}
 */
export function smooth(points, weight) {
  const used = points.length < fewPoints ? 0 : weight;
  let sum = 0;
  return points.map(([step, mean], at) => {
    sum = used * sum + (1 - used) * mean;
    return [step, sum / (1 - used ** (at + 1))];
  });
}

/**
 * What the vertical axis shows: nearly all of the values, so that one spike does not flatten the rest.
 * @param {Chart} chart
 * @param {boolean} isLog
 * @returns {Range}
 */
export function valueRange({ series, references, fromZero }, isLog) {
  const values = series.flatMap(({ points }) => points.map(([, mean]) => mean)).filter(value => !isLog || value > 0);
  const sorted = values.sort((a, b) => a - b);
  const levels = references.map(({ value }) => value).filter(value => !isLog || value > 0);
  const spare = sorted.length < fewPoints ? 0 : Math.floor(sorted.length * 0.02);
  const low = Math.min(sorted[spare] ?? 1, ...levels);
  const high = Math.max(sorted[sorted.length - 1 - spare] ?? 1, ...levels);
  if (isLog) return [low / 1.15, high * 1.15];
  const start = low >= 0 && (fromZero || low < 0.6 * high) ? 0 : low;
  const room = (high - start || Math.abs(high) || 1) * 0.06;
  return [start === 0 ? 0 : start - room, high + room];
}

/**
 * Round numbers within the range: 1, 2 or 5 times a power of ten apart.
 * @param {Range} range
 * @param {number} about how many
 * @returns {readonly number[]}
 */
export function roundTicks([low, high], about) {
  const raw = (high - low) / about;
  const power = 10 ** Math.floor(Math.log10(raw));
  const distance = [1, 2, 5, 10].map(one => one * power).find(one => one >= raw) ?? raw;
  const first = Math.ceil(low / distance);
  const count = Math.floor(high / distance) - first + 1;
  return Array.from({ length: Math.max(0, count) }, (_, at) => (first + at) * distance);
}

/**
 * 1, 2 and 5 times the powers of ten within the range; round numbers where these are too few.
 * @param {Range} range
 * @returns {readonly number[]}
 */
export function logTicks([low, high]) {
  const count = Math.ceil(Math.log10(high / low)) + 2;
  const powers = Array.from({ length: count }, (_, at) => 10 ** (Math.floor(Math.log10(low)) + at));
  const isWide = count > 5;
  const ticks = powers.flatMap(power => (isWide ? [power] : [power, 2 * power, 5 * power]));
  const within = ticks.filter(tick => tick >= low && tick <= high);
  return within.length < 3 ? roundTicks([low, high], 5) : within;
}

/**
 * The nearest of some sorted steps.
 * @param {readonly number[]} steps
 * @param {number} step
 */
export function nearestIndex(steps, step) {
  let best = 0;
  steps.forEach((one, at) => {
    if (Math.abs(one - step) < Math.abs((steps[best] ?? 0) - step)) best = at;
  });
  return best;
}

/** @param {number} step thousands are set apart by thin spaces */
export function stepText(step) {
  return String(Math.round(step)).replace(/\B(?=(\d{3})+$)/g, '\u202f');
}

/**
 * @param {number} value
 * @param {Chart['format']} format
 */
export function valueText(value, format) {
  if (format === 'share') return `${Number((100 * value).toPrecision(3))} %`;
  if (value !== 0 && Math.abs(value) < 0.001) return value.toExponential(1).replace('.0e', 'e');
  return String(Number(value.toPrecision(3)));
}
