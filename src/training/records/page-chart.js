/**
 * One chart of the report: draws its curves into the figure that stands in the page, and reads them out. Pointer and
 * arrow keys say at which step; what follows from that is main's business. Part of the script in report.html.
 *
 * Names come from users: they go into the page as text, never as markup.
 *
 * @import { Chart, Point, Series } from './page-curves.js'
 *
 * @typedef {object} View what all charts share
 * @property {number} lastStep where the horizontal axis ends
 * @property {number | undefined} cursor the step that is pointed at
 * @property {number | undefined} sampleStep the step of the samples that are shown
 * @property {number} smoothing
 * @property {boolean} isLog
 *
 * @typedef {object} Actions what a reader can do on a chart
 * @property {(step: number | undefined) => void} point
 * @property {(step: number) => void} choose
 */
import {
  fewPoints,
  logTicks,
  nearestIndex,
  roundTicks,
  smooth,
  stepText,
  valueRange,
  valueText,
} from './page-curves.js';
import { addSvg } from './page-svg.js';

const margin = { top: 8, right: 10, bottom: 22, left: 46 };
const chartHeight = 190;
const colours = 6;

export class ChartView {
  /**
   * @param {HTMLElement} figure
   * @param {Chart} chart
   * @param {View} view
   * @param {Actions} actions
   */
  constructor(figure, chart, view, actions) {
    this.chart = chart;
    this.view = view;
    this.actions = actions;
    this.svg = /** @type {SVGSVGElement} */ (figure.querySelector('svg'));
    this.clipId = `clip-${figure.dataset['chart']}`;
    this.steps = [...new Set(chart.series.flatMap(({ points }) => points.map(([step]) => step)))].sort((a, b) => a - b);
    this.values = chart.series.map(({ name }, at) => legendEntry(figure, name, at));
    this.width = 0;
    this.isLog = false;
    this.range = valueRange(chart, false);
    /** @type {(readonly (readonly [number, number])[])[]} */
    this.curves = [];
    this.marks = addSvg(this.svg, 'g', {});
    new ResizeObserver(() => this.fit()).observe(figure);
    this.listen();
  }

  listen() {
    const { svg, actions } = this;
    svg.addEventListener('pointermove', event => actions.point(this.stepAt(event)));
    svg.addEventListener('pointerleave', () => actions.point(undefined));
    svg.addEventListener('blur', () => actions.point(undefined));
    svg.addEventListener('click', event => actions.choose(this.stepAt(event)));
    svg.addEventListener('keydown', event => this.press(event));
  }

  /** @param {KeyboardEvent} event */
  press(event) {
    const { cursor, lastStep } = this.view;
    if (event.key === 'Enter') this.actions.choose(cursor ?? lastStep);
    const target = this.keyTarget(event.key, nearestIndex(this.steps, cursor ?? lastStep));
    if (target === undefined) return;
    event.preventDefault();
    this.actions.point(this.steps[Math.max(0, Math.min(this.steps.length - 1, target))]);
  }

  /**
   * @param {string} key
   * @param {number} now
   */
  keyTarget(key, now) {
    switch (key) {
      case 'ArrowLeft':
        return now - 1;
      case 'ArrowRight':
        return now + 1;
      case 'PageUp':
        return now + 10;
      case 'PageDown':
        return now - 10;
      case 'Home':
        return 0;
      case 'End':
        return this.steps.length - 1;
      default:
        return undefined;
    }
  }

  /** @param {MouseEvent} event */
  stepAt(event) {
    const x = event.clientX - this.svg.getBoundingClientRect().left - margin.left;
    const step = (x / (this.width - margin.left - margin.right)) * this.view.lastStep;
    return this.steps[nearestIndex(this.steps, step)] ?? 0;
  }

  fit() {
    const width = Math.round(this.svg.getBoundingClientRect().width);
    if (width === this.width) return;
    this.width = width;
    this.draw();
  }

  /** Everything anew: after a change of size or of how curves are drawn. */
  draw() {
    const { svg, chart, view } = this;
    if (this.width === 0) return;
    svg.replaceChildren();
    svg.setAttribute('viewBox', `0 0 ${this.width} ${chartHeight}`);
    svg.setAttribute('aria-valuemax', String(view.lastStep));
    this.isLog = view.isLog && chart.canLog;
    this.range = valueRange(chart, this.isLog);
    this.drawAxes();
    const curves = addSvg(svg, 'g', { 'clip-path': `url(#${this.clipId})` });
    this.addClip(curves);
    this.drawReferences(curves);
    this.curves = chart.series.map((series, at) => this.drawSeries(curves, series, at));
    this.marks = addSvg(svg, 'g', {});
    this.mark();
  }

  /** @param {Element} parent */
  addClip(parent) {
    const { top, right, bottom, left } = margin;
    const size = { width: Math.max(0, this.width - left - right + 4), height: chartHeight - top - bottom };
    addSvg(addSvg(parent, 'clipPath', { id: this.clipId }), 'rect', { x: left, y: top, ...size });
  }

  drawAxes() {
    const [from, to] = [margin.left, this.width - margin.right];
    for (const tick of this.isLog ? logTicks(this.range) : roundTicks(this.range, 4)) {
      const y = this.y(tick);
      addSvg(this.svg, 'line', { class: 'grid', x1: from, x2: to, y1: y, y2: y });
      addSvg(this.svg, 'text', { class: 'tick', x: from - 6, y: y + 3.5, 'text-anchor': 'end' }, this.text(tick));
    }
    for (const tick of roundTicks([0, this.view.lastStep], this.width < 420 ? 3 : 5)) {
      const x = this.x(tick);
      const anchor = tick === 0 ? 'start' : x > to - 16 ? 'end' : 'middle';
      addSvg(this.svg, 'text', { class: 'tick', x, y: chartHeight - 6, 'text-anchor': anchor }, stepText(tick));
    }
  }

  /**
   * A level for each series that has one; a title stands once, at the first of its levels.
   * @param {Element} parent
   */
  drawReferences(parent) {
    const titled = new Set();
    for (const { title, series, value } of this.chart.references) {
      const at = this.chart.series.findIndex(({ name }) => name === series);
      const y = this.y(value);
      const line = { class: `reference series-${at % colours}`, x1: margin.left, x2: this.width - margin.right };
      addSvg(parent, 'line', { ...line, y1: y, y2: y });
      const place = { class: 'reference-label', x: margin.left + 4, y: y < 26 ? y + 13 : y - 5 };
      if (!titled.has(title)) addSvg(parent, 'text', place, title);
      titled.add(title);
    }
  }

  /**
   * @param {Element} parent
   * @param {Series} series
   * @param {number} at
   */
  drawSeries(parent, { points }, at) {
    const group = addSvg(parent, 'g', { class: `series-${at % colours}` });
    const shown = points.filter(([, mean]) => !this.isLog || mean > 0);
    const curve = smooth(shown, this.chart.canSmooth ? this.view.smoothing : 0);
    if (shown.some(([, , low, high]) => low < high)) addSvg(group, 'path', { class: 'band', d: this.bandPath(shown) });
    addSvg(group, 'path', { class: 'raw', d: this.linePath(shown) });
    addSvg(group, 'path', { class: 'curve', d: this.linePath(curve) });
    const dots = shown.length < fewPoints ? shown : [];
    for (const [step, mean] of dots)
      addSvg(group, 'circle', { class: 'dot', cx: this.x(step), cy: this.y(mean), r: 2.5 });
    return curve;
  }

  /** The cursor, the step of the samples, and in the legend the values there. */
  mark() {
    const { lastStep, cursor, sampleStep } = this.view;
    this.marks.replaceChildren();
    if (this.width === 0) return;
    if (sampleStep !== undefined) {
      const d = `M${this.x(sampleStep)} ${chartHeight - margin.bottom}l-4 6h8z`;
      addSvg(this.marks, 'path', { class: 'sample-mark', d });
    }
    if (cursor !== undefined) this.markCursor(cursor);
    const step = cursor ?? lastStep;
    const words = this.curves.map((curve, at) => this.readOut(curve, at, step));
    this.svg.setAttribute('aria-valuenow', String(step));
    this.svg.setAttribute('aria-valuetext', `step ${step}: ${words.join(', ')}`);
  }

  /** @param {number} step */
  markCursor(step) {
    const x = this.x(step);
    const ends = { y1: margin.top, y2: chartHeight - margin.bottom };
    addSvg(this.marks, 'line', { class: 'cursor', x1: x, x2: x, ...ends });
    const anchor = x > this.width - 60 ? 'end' : x < margin.left + 40 ? 'start' : 'middle';
    const label = { class: 'cursor-label', x, y: chartHeight - 6, 'text-anchor': anchor };
    const text = `step ${stepText(step)}`;
    const width = 6.6 * text.length;
    const left = anchor === 'end' ? x - width : anchor === 'start' ? x : x - width / 2;
    addSvg(this.marks, 'rect', {
      class: 'cursor-back',
      x: left - 4,
      y: chartHeight - 17,
      width: width + 8,
      height: 16,
    });
    addSvg(this.marks, 'text', label, text);
  }

  /**
   * @param {readonly (readonly [number, number])[]} curve
   * @param {number} at
   * @param {number} step
   */
  readOut(curve, at, step) {
    const steps = curve.map(([one]) => one);
    const point = curve[nearestIndex(steps, step)];
    const text = point ? this.text(point[1]) : '';
    const value = this.values[at];
    if (value) value.textContent = text;
    return `${this.chart.series[at]?.name} ${text}`;
  }

  /** @param {number} step */
  x(step) {
    return margin.left + (step / this.view.lastStep) * (this.width - margin.left - margin.right);
  }

  /** @param {number} value */
  y(value) {
    const [low, high] = this.range;
    const share = this.isLog ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
    return chartHeight - margin.bottom - share * (chartHeight - margin.top - margin.bottom);
  }

  /** @param {number} value */
  text(value) {
    return valueText(value, this.chart.format);
  }

  /** @param {readonly (readonly [step: number, value: number, ...rest: number[]])[]} points */
  linePath(points) {
    return points.map(([step, value], at) => `${at ? 'L' : 'M'}${this.place(step, value)}`).join('');
  }

  /** @param {readonly Point[]} points */
  bandPath(points) {
    const least = this.isLog ? this.range[0] : Number.NEGATIVE_INFINITY;
    const upper = points.map(([step, , , high], at) => `${at ? 'L' : 'M'}${this.place(step, high)}`);
    const lower = [...points].reverse().map(([step, , low]) => `L${this.place(step, Math.max(low, least))}`);
    return `${upper.join('')}${lower.join('')}Z`;
  }

  /**
   * @param {number} step
   * @param {number} value
   */
  place(step, value) {
    return `${this.x(step).toFixed(1)} ${this.y(value).toFixed(1)}`;
  }
}

/**
 * @param {HTMLElement} figure
 * @param {string} name
 * @param {number} at
 */
function legendEntry(figure, name, at) {
  const entry = document.createElement('li');
  entry.className = `series-${at % colours}`;
  const value = document.createElement('b');
  entry.append(name, ' ', value);
  figure.querySelector('.legend')?.append(entry);
  return value;
}
