/**
 * One curve over the steps, drawn by uPlot, with that of another run where two are compared. All charts share one cursor, and a line marks
 * the step that is looked at. What it shows stands beside it as a table for those who do not see it.
 */
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { formatNumber } from '../words/index.js';
import { beside, type Curve } from './curves.js';
import { scheme } from './scheme.js';

export interface ChartProps {
  readonly curve: Curve;
  readonly other: Curve | undefined;
  readonly names: readonly [string, string | undefined];
  readonly isLog: boolean;
  /** [0, 1). */
  readonly smoothing: number;
  /** Marked. */
  readonly step: number | undefined;
  readonly onStep: (step: number) => void;
}

const height = 190;

export function Chart({ curve, other, names, isLog, smoothing, step, onStep }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const marked = useRef(step);
  marked.current = step;
  const data = beside(curve, other, smoothing) as unknown as uPlot.AlignedData;
  const canLog = isLog && curve.values.every(value => value === null || value > 0);
  const theme = scheme.value;
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const chart = new uPlot(
      optionsOf(element, { names, canLog, references: curve.references, marked, onStep }),
      data,
      element,
    );
    plot.current = chart;
    const observer = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      chart.destroy();
    };
  }, [curve.key, canLog, other === undefined, theme]);
  useEffect(() => plot.current?.setData(data), [curve.steps.length, other?.steps.length, smoothing]);
  useEffect(() => plot.current?.redraw(false), [step]);
  return (
    <figure class="chart">
      <figcaption>
        {curve.title} <span class="muted">{latest(curve)}</span>
      </figcaption>
      <div ref={place} aria-hidden="true" />
      <Table curve={curve} other={other} names={names} />
    </figure>
  );
}

function latest({ values, steps }: Curve): string {
  const value = values.findLast(one => one !== null);
  return value === undefined || value === null ? '' : `${Number(value.toPrecision(4))} at step ${steps.at(-1)}`;
}

const mostRows = 20;

function Table({ curve, other, names }: Pick<ChartProps, 'curve' | 'other' | 'names'>) {
  const [steps, mine, theirs] = beside(curve, other, 0);
  const every = Math.max(1, Math.ceil(steps.length / mostRows));
  const rows = steps.map((step, at) => [step, mine?.[at], theirs?.[at]] as const).filter((_, at) => at % every === 0);
  return (
    <table class="unseen">
      <caption>{curve.title}</caption>
      <thead>
        <tr>
          <th>Step</th>
          <th>{names[0]}</th>
          {theirs && <th>{names[1]}</th>}
        </tr>
      </thead>
      <tbody>
        {rows.map(([step, one, two]) => (
          <tr key={step}>
            <td>{step}</td>
            <td>{one}</td>
            {theirs && <td>{two}</td>}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

interface Drawn {
  readonly names: readonly [string, string | undefined];
  readonly canLog: boolean;
  readonly references: Curve['references'];
  readonly marked: { readonly current: number | undefined };
  readonly onStep: (step: number) => void;
}

function optionsOf(element: HTMLElement, { names, canLog, references, marked, onStep }: Drawn): uPlot.Options {
  const colour = (name: string) => colourOf(element, name);
  const [line, text] = [colour('--line'), colour('--muted')];
  const axis = {
    stroke: text,
    grid: { stroke: line, width: 1 },
    ticks: { stroke: line, width: 1 },
    font: '11px system-ui',
  };
  const series = (label: string, stroke: string, dash?: number[]) => ({
    ...{ label, stroke, width: 1.6, spanGaps: true, points: { show: false } },
    ...(dash && { dash }),
  });
  return {
    ...{ width: element.clientWidth, height, legend: { show: names[1] !== undefined } },
    scales: { x: { time: false }, y: canLog ? { distr: 3 } : {} },
    axes: [
      { ...axis, size: 26 },
      { ...axis, size: 58, values: (_chart: uPlot, ticks: readonly number[]) => ticks.map(formatNumber) },
    ],
    cursor: { sync: { key: 'training' }, drag: { x: false, y: false }, points: { size: 6 } },
    series: [
      { label: 'step' },
      series(names[0], colour('--accent')),
      ...(names[1] === undefined ? [] : [series(names[1], colour('--warn'), [6, 4])]),
    ],
    hooks: {
      draw: [
        chart => {
          if (marked.current !== undefined) drawLine(chart, 'x', marked.current, text);
          for (const [, level] of references) drawLine(chart, 'y', level, colour('--busy'));
        },
      ],
      ready: [
        chart =>
          chart.over.addEventListener('click', () => {
            const step = chart.data[0][chart.cursor.idx ?? -1];
            if (step !== undefined) onStep(step);
          }),
      ],
    },
  };
}

function drawLine({ ctx, bbox, valToPos }: uPlot, along: 'x' | 'y', value: number, stroke: string): void {
  const at = Math.round(valToPos(value, along, true));
  ctx.save();
  ctx.strokeStyle = stroke;
  ctx.setLineDash([3, 3]);
  ctx.beginPath();
  if (along === 'x') {
    ctx.moveTo(at, bbox.top);
    ctx.lineTo(at, bbox.top + bbox.height);
  } else {
    ctx.moveTo(bbox.left, at);
    ctx.lineTo(bbox.left + bbox.width, at);
  }
  ctx.stroke();
  ctx.restore();
}

/** A canvas knows no variables: what a name stands for now. */
function colourOf(element: HTMLElement, name: string): string {
  element.style.color = `var(${name})`;
  const { color } = getComputedStyle(element);
  element.style.color = '';
  return color;
}
