/**
 * Brings report.html to life: one step for all charts and the samples. The last part of the page's script; what it shows
 * is the JSON that stands in the page.
 *
 * @import { Chart } from './page-curves.js'
 * @import { View } from './page-chart.js'
 * @import { Samples } from './page-player.js'
 */
import { ChartView } from './page-chart.js';
import { SamplePlayer } from './page-player.js';

/** @type {{ charts: Chart[], samples?: Samples }} */
const { charts, samples } = JSON.parse(document.getElementById('report-data')?.textContent ?? '');

/** @type {View} */
const view = { lastStep: latestStep(), cursor: undefined, sampleStep: undefined, smoothing: 0.6, isLog: false };

const figures = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('.chart'));
const chartViews = [...figures].map((figure, at) => {
  const actions = { point, choose: (/** @type {number} */ step) => player?.seekStep(step) };
  return new ChartView(figure, /** @type {Chart} */ (charts[at]), view, actions);
});
const player = samples && new SamplePlayer(samples, step => change({ sampleStep: step }));
listenToControls();

function latestStep() {
  const ends = charts.flatMap(({ series }) => series.map(({ points }) => points.at(-1)?.[0] ?? 0));
  return Math.max(1, samples?.steps.at(-1)?.step ?? 0, ...ends);
}

/** @param {number | undefined} step */
function point(step) {
  if (step !== view.cursor) change({ cursor: step });
}

/** @param {Partial<View>} part what is marked on the charts */
function change(part) {
  Object.assign(view, part);
  for (const chart of chartViews) chart.mark();
}

function listenToControls() {
  const controls = /** @type {HTMLFormElement | null} */ (document.querySelector('.controls'));
  if (!controls) return;
  const smoothing = /** @type {HTMLInputElement} */ (document.getElementById('smoothing'));
  const logScale = /** @type {HTMLInputElement} */ (document.getElementById('log-scale'));
  controls.hidden = false;
  controls.addEventListener('submit', event => event.preventDefault());
  controls.addEventListener('input', () => {
    Object.assign(view, { smoothing: smoothing.valueAsNumber, isLog: logScale.checked });
    for (const chart of chartViews) chart.draw();
  });
}
