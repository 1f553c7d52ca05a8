/** The report's tables: metrics beside what they are compared with, figures of the losses, settings, sessions. */
import type { EventOf, JsonObject, JsonValue } from './history-event.js';
import { type Html, html } from './html.js';
import type { RunHistory } from './read-history.js';
import { splitMetric } from './report-charts.js';
import { formatTime, formatValue, grouped } from './report-format.js';
import { spreadEvenly } from './report-samples.js';

type Values = Readonly<Record<string, number>>;

const mostLines = 20;
const mostMembers = 12;

/** A table for each group of metrics: the latest evaluation, the best checkpoint's, and the references. */
export function metricTables({ evaluations, checkpoints }: RunHistory): Html | undefined {
  const latest = evaluations.at(-1);
  if (!latest) return undefined;
  const best = checkpoints.findLast(checkpoint => checkpoint.best);
  const bestEvaluation = evaluations.findLast(({ step }) => step === best?.step);
  const rows = [
    { title: `step ${grouped(latest.step)} (latest)`, metrics: latest.metrics },
    ...(best?.best && bestEvaluation && bestEvaluation !== latest
      ? [{ title: `step ${grouped(best.step)} (best ${best.best.metric})`, metrics: bestEvaluation.metrics }]
      : []),
  ];
  const groups = [...new Set(Object.keys(latest.metrics).map(name => splitMetric(name)[0]))];
  const tables = groups.map(group => metricTable(group, rows, latest.references));
  return html`<section aria-labelledby="metrics"><h2 id="metrics">Metrics</h2>\n<div class="tables">${tables}</div></section>`;
}

type MetricRow = EventOf<'evaluation'>['references'][number];

function metricTable(group: string, rows: readonly MetricRow[], references: readonly MetricRow[]): Html {
  const names = Object.keys(rows[0]!.metrics).filter(name => splitMetric(name)[0] === group);
  const compared = references.filter(({ metrics }) => names.some(name => Number.isFinite(metrics[name])));
  const row = ({ title, metrics }: MetricRow, kind: string) =>
    html`<tr class="${kind}"><th scope="row">${title}</th>${names.map(name => html`<td>${formatValue(metrics[name])}</td>`)}</tr>\n`;
  return scrolling(
    group || 'Metrics',
    html`<thead><tr><th scope="col">${group}</th>${names.map(name => html`<th scope="col">${splitMetric(name)[1]}</th>`)}</tr></thead>
<tbody>${rows.map(one => row(one, 'own'))}${compared.map(one => row(one, 'compared'))}</tbody>`,
  );
}

/** Losses at some steps, for those who read or copy figures. */
export function figuresTable({ steps }: RunHistory): Html | undefined {
  if (steps.length === 0) return undefined;
  const names = [...new Set(steps.flatMap(({ losses }) => Object.keys(losses)))];
  const line = ({ step, epoch, losses }: { step: number; epoch: number; losses: Values }) =>
    html`<tr><th scope="row">${grouped(step)}</th><td>${epoch.toFixed(1)}</td>${names.map(name => html`<td>${formatValue(losses[name])}</td>`)}</tr>\n`;
  const table = scrolling(
    'Losses at some steps',
    html`<thead><tr><th scope="col">step</th><th scope="col">passes</th>${names.map(name => html`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>${spreadEvenly(steps, mostLines).map(line)}</tbody>`,
  );
  return html`<details><summary>Losses as a table</summary>${table}</details>`;
}

/** What was set, what was found in the folders, and how large the networks are. */
export function settingsTable({ sessions }: RunHistory): Html {
  const { settings, data, parameters } = sessions.at(-1)!;
  const counts = Object.entries(parameters).map(([network, count]) => [network, grouped(count)]);
  return html`<section class="lists">
${list('Settings', settings)}
<div>${list('Data', data)}
${list('Parameters', Object.fromEntries(counts))}</div>
</section>`;
}

function list(title: string, values: JsonObject): Html | undefined {
  const entries = flatten(values);
  if (entries.length === 0) return undefined;
  const rows = entries.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>\n`);
  return html`<div><h2>${title}</h2><dl class="values">${rows}</dl></div>`;
}

/** When it was started and resumed, if more than once. */
export function sessionsTable({ sessions, damagedLines }: RunHistory): Html | undefined {
  const damaged =
    damagedLines > 0 ? html`<p class="note">${damagedLines} line(s) of the history could not be read.</p>` : undefined;
  if (sessions.length < 2) return damaged;
  const line = ({ kind, step, atMs, device, version }: RunHistory['sessions'][number]) =>
    html`<tr><th scope="row">${kind === 'start' ? 'started' : `resumed at step ${grouped(step)}`}</th><td>${formatTime(atMs)}</td><td>${device.name} (${device.id})</td><td>${version}</td></tr>\n`;
  const table = scrolling(
    'Sessions',
    html`<thead><tr><th></th><th scope="col">when</th><th scope="col">device</th><th scope="col">cyclebox</th></tr></thead><tbody>${sessions.map(line)}</tbody>`,
  );
  return html`<section aria-labelledby="sessions"><h2 id="sessions">Sessions</h2>\n${table}\n${damaged}</section>`;
}

/** A table that scrolls sideways in a narrow window, also by keyboard. */
function scrolling(label: string, content: Html): Html {
  return html`<div class="wide" role="region" aria-label="${label}" tabindex="0"><table>${content}</table></div>\n`;
}

/** `{ a: { images: 5 } }` ↦ `['a · images', '5']`, names as words. */
function flatten(value: JsonObject, path: readonly string[] = []): readonly (readonly [string, string])[] {
  return Object.entries(value).flatMap(([key, one]) => {
    const at = [...path, words(key)];
    if (isObject(one)) return flatten(one, at);
    return one === undefined ? [] : [[at.join(' · '), formatJson(one)] as const];
  });
}

const isList = (value: JsonValue | undefined): value is readonly JsonValue[] => Array.isArray(value);

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !isList(value);

/** Lists are cut short: some are as long as a folder. */
function formatJson(value: JsonValue): string {
  if (isList(value)) return value.length === 0 ? 'none' : formatList(value);
  if (isObject(value)) return Object.values(value).map(formatMember).join(': ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function formatList(list: readonly JsonValue[]): string {
  const shown = list.slice(0, mostMembers).map(formatMember);
  const rest = list.length - shown.length;
  return [...shown, ...(rest > 0 ? [`and ${grouped(rest)} more`] : [])].join(list.some(isObject) ? '; ' : ', ');
}

const formatMember = (value: JsonValue | undefined): string => (value === undefined ? '' : formatJson(value));

/** `learningRate` ↦ `learning rate`; what is no such name stays as it is. */
const words = (key: string): string =>
  /^[a-z][A-Za-z0-9]*$/.test(key) ? key.replace(/(?<=[a-z0-9])(?=[A-Z])/g, ' ').toLowerCase() : key;
