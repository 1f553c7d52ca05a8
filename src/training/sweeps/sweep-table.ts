/** A sweep's results for people and spreadsheets: a table with a row for each row, and a CSV file with one for each training. */
import { formatDuration } from '../../base/index.js';
import { spreadText } from './spread.js';
import type { RowResult, RunResult, SweepResults } from './sweep-results.js';
import { valueText } from './sweep-rows.js';

/** What of an evaluation is worth a column; `results.csv` has the rest. */
const shown: readonly string[] = ['style', 'content', 'grid'];
const digits = 3;

/** Markdown that also reads well as it is: columns are as wide as what stands in them. */
export function sweepTable(results: SweepResults): string {
  const { head, rows } = cellsOf(results);
  const widths = head.map((title, at) =>
    Math.max(3, ...[title, ...rows.map(row => row[at]!)].map(({ length }) => length)),
  );
  const line = (cells: readonly string[]) => `| ${cells.map((cell, at) => cell.padEnd(widths[at]!)).join(' | ')} |`;
  const rule = `| ${widths.map(width => '-'.repeat(width)).join(' | ')} |`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}

/** What is to be said below the table: what the mark means, and every training that failed. */
export function sweepNotes({ best, rows }: SweepResults): readonly string[] {
  const winner = rows.find(({ isBest }) => isBest);
  const mark = winner
    ? [`★ best by ${best}, the mean over directions and seeds at the last evaluation`]
    : [`No row is marked as the best: ${whyUnmarked(rows, best)}`];
  const failed = rows.flatMap(({ runs }) => runs.filter(({ state }) => state === 'failed'));
  return [...mark, ...failed.map(({ name, error }) => `${name} failed: ${error?.code}: ${error?.message}`)];
}

function whyUnmarked(rows: readonly RowResult[], best: string): string {
  const isRanked = rows.some(({ rank }) => rank !== undefined);
  const isJudged = rows.some(({ metrics }) => Object.keys(metrics).length > 0);
  if (isRanked) return `which way of ${best} is better, its plugin knows.`;
  return isJudged ? `the evaluations did not measure ${best}.` : 'there was no evaluation (it takes testA and testB).';
}

/** One line for each training, with everything that was measured. */
export function sweepCsv({ best, rows }: SweepResults): string {
  const runs = rows.flatMap(row => row.runs.map(run => ({ row, run })));
  const settings = [...new Set(rows.flatMap(row => Object.keys(row.settings)))];
  const metrics = [...new Set(runs.flatMap(({ run }) => Object.keys(run.metrics)))];
  const losses = [...new Set(runs.flatMap(({ run }) => Object.keys(run.losses)))];
  const fixed = ['state', 'steps', 'wallSeconds', 'cpuSeconds', 'evaluatedAt', 'error', `bestBy:${best}`];
  const head = ['row', 'seed', ...settings, ...fixed, ...metrics, ...losses.map(name => `loss:${name}`)];
  const lines = runs.map(({ row, run }) => [
    ...[row.name, run.seed, ...settings.map(name => wholeText(row.settings[name]))],
    ...[run.state, run.steps, seconds(run.wallMs), seconds(run.cpuMs), run.evaluatedAt],
    ...[run.error && `${run.error.code}: ${run.error.message}`, row.isBest ? 'best' : ''],
    ...metrics.map(name => finite(run.metrics[name])),
    ...losses.map(name => finite(run.losses[name])),
  ]);
  return [head, ...lines].map(cells => `${cells.map(quoted).join(',')}\n`).join('');
}

function cellsOf({ best, rows }: SweepResults): { readonly head: readonly string[]; readonly rows: string[][] } {
  const settings = [...new Set(rows.flatMap(row => Object.keys(row.settings)))];
  // Names that only repeat the values tell nothing.
  const names = rows.some(row => valuesOf(row) !== row.name);
  const measured = [...new Set(rows.flatMap(row => Object.keys(row.metrics)))];
  const metrics = measured.filter(name => shown.includes(name.slice(name.indexOf('/') + 1)));
  // Without an evaluation, losses are what there is; they say little about pictures.
  const losses = measured.length > 0 ? [] : [...new Set(rows.flatMap(row => Object.keys(row.losses)))];
  const isRanked = rows.some(({ rank }) => rank !== undefined);
  const head = [
    ...['', ...(names ? ['row'] : []), ...settings, 'seeds', ...(isRanked ? [best] : [])],
    ...[...metrics.map(title), ...losses.map(name => `loss ${name}`), 'steps', 'time', 'CPU'],
  ];
  return {
    head,
    rows: rows.map(row => [
      ...[row.isBest ? '★' : '', ...(names ? [row.name] : [])],
      ...settings.map(name => valueText(row.settings[name])),
      ...[seedsOf(row.runs), ...(isRanked ? [spreadText(row.rank, digits)] : [])],
      ...metrics.map(name => spreadText(row.metrics[name], digits)),
      ...losses.map(name => spreadText(row.losses[name], digits)),
      ...[stepsOf(row.runs), row.wallMs ? formatDuration(row.wallMs.mean) : ''],
      row.cpuMs ? formatDuration(row.cpuMs.mean) : '',
    ]),
  };
}

/** The name that a row has by its values alone. */
function valuesOf({ settings }: RowResult): string {
  const given = Object.entries(settings).filter(([, value]) => value !== undefined);
  return given.map(([option, value]) => `${option}-${valueText(value)}`).join('_') || 'base';
}

/** `horse→zebra/style` is about the second. */
function title(name: string): string {
  const [direction, metric] = [name.slice(0, name.indexOf('/')), name.slice(name.indexOf('/') + 1)];
  return `${direction.split('→').at(-1)} ${metric}`;
}

/** `3`; `2 of 3` where one has not come to its end. */
function seedsOf(runs: readonly RunResult[]): string {
  const finished = runs.filter(({ state }) => state === 'finished').length;
  return finished === runs.length ? String(finished) : `${finished} of ${runs.length}`;
}

function stepsOf(runs: readonly RunResult[]): string {
  return [...new Set(runs.filter(({ state }) => state === 'finished').map(({ steps }) => steps))].join(', ');
}

const wholeText = (value: unknown) => (typeof value === 'string' ? value : valueText(value));
const seconds = (ms: number | undefined) => (ms === undefined ? undefined : (ms / 1000).toFixed(1));
const finite = (value: number | undefined) => (value !== undefined && Number.isFinite(value) ? value : undefined);

/** RFC 4180. */
function quoted(value: string | number | undefined): string {
  const text = String(value ?? '');
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
