/**
 * `report.html` as text: one page that holds everything it needs, works from a file and asks for nothing over a network
 * (its policy forbids it). What can be read without a script is HTML; curves and samples are drawn by the page's own
 * script from the data that stands in it.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { formatDuration } from '../../base/index.js';
import { formatRate } from './format-progress.js';
import type { TrainingWarning } from './history-event.js';
import { embeddedJson, Html, html } from './html.js';
import type { RunHistory } from './read-history.js';
import type { Chart, ChartGroup } from './report-charts.js';
import { formatTime, formatValue, grouped, millions } from './report-format.js';
import type { ReportSamples } from './report-samples.js';
import { figuresTable, metricTables, sessionsTable, settingsTable } from './report-tables.js';
import { reportWarnings } from './report-warnings.js';

export interface ReportContent {
  readonly history: RunHistory;
  readonly groups: readonly ChartGroup[];
  readonly samples: ReportSamples | undefined;
}

/** Parts of the page that lie beside this file, in their own languages. */
const styleFiles = ['page.css', 'page-figures.css'];
/** Modules of which one is made: each imports from those before it only. */
const scriptFiles = ['page-curves.js', 'page-svg.js', 'page-chart.js', 'page-player.js', 'page-main.js'];

/** The whole page. */
export async function reportPage(content: ReportContent): Promise<string> {
  const style = (await Promise.all(styleFiles.map(readPart))).join('\n');
  const script = join(await Promise.all(scriptFiles.map(readPart)));
  const { history, groups, samples } = content;
  const { pair } = history.sessions.at(-1)!;
  const charts = groups.flatMap(group => group.charts);
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy(style, script)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="cyclebox ${history.sessions.at(-1)!.version}">
<title>${pair} – training report</title>
<style>${new Html(style)}</style>
</head>
<body>
${header(history)}
<main>
<noscript><p class="note">Curves and samples are drawn by the page's own script, which is switched off here.</p></noscript>
${warningsSection(history)}
${samplesSection(samples)}
${metricTables(history)}
${groups.length === 0 ? undefined : curvesSection(groups, history)}
${settingsTable(history)}
${sessionsTable(history)}
</main>
<script type="application/json" id="report-data">${embeddedJson({ charts, samples })}</script>
<script type="module">${new Html(script)}</script>
</body>
</html>
`.text;
}

function readPart(name: string): Promise<string> {
  return readFile(new URL(`./${name}`, import.meta.url), 'utf8');
}

/** Modules as one: all of them share their names then, so that no import is needed between them. */
function join(modules: readonly string[]): string {
  const isImport = /^import [^;]*;\n/gm;
  return modules
    .map(text => text.replaceAll(isImport, '').replaceAll(/^export (?=function|class|const)/gm, ''))
    .join('\n');
}

/** Only this style and this script, only pictures that are in the page, nothing from anywhere else. */
function policy(style: string, script: string): string {
  const only = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  return `default-src 'none'; img-src data: blob:; style-src ${only(style)}; script-src ${only(script)}`;
}

function header(history: RunHistory): Html {
  const { pair, domains, steps, device, parameters } = history.sessions.at(-1)!;
  const step = lastStep(history);
  const last = history.steps.at(-1);
  const best = history.checkpoints.findLast(checkpoint => checkpoint.best);
  return html`<header>
<p class="overline">Training report</p>
<h1>${pair}</h1>
<p class="state">${domains[0]} and ${domains[1]}, on ${device.name} (${device.id}). ${stateOf(history, step)}</p>
<progress max="${Math.max(1, steps)}" value="${step}" aria-label="Steps done"></progress>
<dl class="facts">
${fact('step', html`${grouped(step)} <small>of ${grouped(steps)}</small>`)}
${last && fact('passes over the data', last.epoch < 10 ? last.epoch.toFixed(1) : grouped(Math.round(last.epoch)))}
${last && fact('time trained', formatDuration(elapsedMs(history)))}
${last && fact('images per second', formatRate(last.imagesPerSecond))}
${last && fact('waiting for data', `${(100 * meanWait(history)).toFixed(1)} %`)}
${fact('parameters', millions(Object.values(parameters).reduce((sum, count) => sum + count, 0)))}
${best?.best && fact(`best ${best.best.metric}`, html`${formatValue(best.best.value)} <small>at step ${grouped(best.step)}</small>`)}
</dl>
</header>`;
}

const fact = (name: string, value: Html | string): Html => html`<div><dt>${name}</dt><dd>${value}</dd></div>\n`;

function stateOf(history: RunHistory, step: number): Html {
  const { end } = history;
  const when = formatTime(end?.atMs ?? lastHeardMs(history));
  if (!end) return html`<strong>Running</strong>, as of ${when}.`;
  const message = end.message === undefined ? undefined : ` ${end.message}`;
  if (end.reason === 'finished') return html`<strong>Finished</strong> ${when}.${message}`;
  if (end.reason === 'stopped') return html`<strong>Stopped</strong> at step ${grouped(step)}, ${when}.${message}`;
  return html`<strong class="failed">Failed</strong> at step ${grouped(step)}, ${when}.${message}`;
}

function warningsSection(history: RunHistory): Html | undefined {
  const { current, gone } = reportWarnings(history);
  if (current.length + gone.length === 0) return undefined;
  const earlier = html`<details><summary>${gone.length} seen earlier, not in the latest evaluation</summary>
<ul class="warnings gone">${gone.map(warningItem)}</ul></details>`;
  return html`<section aria-labelledby="warnings"><h2 id="warnings">Warnings</h2>
${current.length === 0 ? undefined : html`<ul class="warnings">${current.map(warningItem)}</ul>`}
${gone.length === 0 ? undefined : earlier}
</section>`;
}

function warningItem({ message, advice, first, last }: TrainingWarning & { first: number; last: number }): Html {
  const when = first === last ? `step ${grouped(first)}` : `steps ${grouped(first)} to ${grouped(last)}`;
  return html`<li class="warning"><p><strong>${message}</strong> <small>${when}</small></p><p>${advice}</p></li>\n`;
}

function samplesSection(samples: ReportSamples | undefined): Html | undefined {
  if (!samples) return undefined;
  const [first, last] = [samples.steps[0]!.step, samples.steps.at(-1)!.step];
  const range = html`<input type="range" id="sample-step" min="0" max="${samples.steps.length - 1}" value="${samples.steps.length - 1}" aria-label="Step of the samples">`;
  return html`<section aria-labelledby="samples"><h2 id="samples">Samples</h2>
<p class="note">The same images at ${samples.steps.length} steps from ${grouped(first)} to ${grouped(last)}. A click enlarges a row; there the arrow keys move through steps and rows.</p>
<div class="player" hidden>
<button type="button" id="sample-play" aria-pressed="false">Play</button>
${range}
<output id="sample-label" for="sample-step"></output>
</div>
<div id="sample-grid"></div>
<dialog id="sample-dialog" aria-label="Samples, enlarged"></dialog>
</section>`;
}

function curvesSection(groups: readonly ChartGroup[], history: RunHistory): Html {
  let index = 0;
  const shells = groups.map(group => {
    const figures = group.charts.map(chart => chartShell(chart, index++));
    return html`<h3>${group.title}</h3>\n<div class="charts">${figures}</div>\n`;
  });
  return html`<section aria-labelledby="curves"><h2 id="curves">Curves</h2>
<form class="controls" hidden>
<label>Smoothing <input type="range" id="smoothing" min="0" max="0.98" step="0.02" value="0.6"></label>
<label><input type="checkbox" id="log-scale"> Logarithmic scale for losses and rates</label>
</form>
${shells}
${figuresTable(history)}
</section>`;
}

function chartShell({ title }: Chart, index: number): Html {
  return html`<figure class="chart" data-chart="${index}"><figcaption>${title}</figcaption><ul class="legend"></ul>
<svg role="slider" tabindex="0" aria-label="${title}, by step" aria-valuenow="0"></svg></figure>\n`;
}

function lastHeardMs({ sessions, steps, checkpoints, evaluations, samples }: RunHistory): number {
  const lists = [sessions, steps, checkpoints, evaluations, samples];
  return Math.max(...lists.map(events => events.at(-1)?.atMs ?? 0));
}

/** The latest step that anything is known of. */
function lastStep({ steps, checkpoints, evaluations, samples, end }: RunHistory): number {
  const lists = [steps, checkpoints, evaluations, samples, end ? [end] : []];
  return Math.max(0, ...lists.map(events => events.at(-1)?.step ?? 0));
}

function elapsedMs({ steps, checkpoints, end }: RunHistory): number {
  return Math.max(0, ...[steps.at(-1), checkpoints.at(-1), end].map(event => event?.elapsedMs ?? 0));
}

function meanWait({ steps }: RunHistory): number {
  const shares = steps.map(({ dataWaitShare }) => dataWaitShare).filter(Number.isFinite);
  return shares.reduce((sum, share) => sum + share, 0) / Math.max(1, shares.length);
}
