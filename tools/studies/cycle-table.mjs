/**
 * What came out of the study of the cycle, as a Markdown table: what its rows are to be compared with first, then a row for
 * each recipe, the mean over its seeds with their standard deviation. Of the first direction: some recipes have no other.
 */
import { spreadOf, spreadText } from '../../dist/training/index.js';
import { contenders } from './cycle-sets.mjs';

/** By title: metric, factor, decimals. */
const columns = {
  style: ['styleLikelihood', 100, 1],
  content: ['content', 1, 2],
  'right class': ['classAccuracy', 100, 1],
  'L1 to the truth': ['l1', 1, 4],
  'L1 there and back': ['cycle', 1, 4],
  'distance, fine': ['swd@64', 1, 1],
  variety: ['variety', 1, 3],
};

const references = { unchanged: 'input unchanged', target: 'real images of the target', truth: 'the truth' };

/** @param {readonly import('./study-run.mjs').RunResult[]} results @returns {string} */
export function cycleTable(results) {
  const judged = results.filter(({ judgements }) => judgements.length > 0);
  const direction = Object.keys(judged[0]?.judgements[0].directions ?? {})[0];
  const rows = [...referenceRows(judged, direction), ...contenderRows(results, direction)];
  const measured = Object.keys(columns).filter((_, at) => rows.some(row => row[at + 3] !== ''));
  const kept = [0, 1, 2, ...measured.map(title => Object.keys(columns).indexOf(title) + 3)];
  const head = ['recipe', 'seeds', 'steps', ...Object.keys(columns)];
  const line = head.map((_, at) => (at === 0 ? '---' : '---:'));
  return [head, line, ...rows].map(row => `| ${kept.map(at => row[at]).join(' | ')} |`).join('\n');
}

function referenceRows(judged, direction) {
  const found = judged[0]?.references[direction] ?? {};
  return Object.entries(references)
    .filter(([name]) => found[name])
    .map(([name, title]) => [title, '', '', ...cells([found[name]])]);
}

function contenderRows(results, direction) {
  const names = [...new Set(results.map(({ name }) => name))];
  return names.map(name => {
    const runs = results.filter(run => run.name === name);
    const steps = spreadText(spreadOf(runs.map(each => each.steps)), 0);
    const failed = runs.filter(({ failure }) => failure).length;
    const title = failed > 0 ? `${contenders[name].title} (${failed} failed)` : contenders[name].title;
    return [title, String(runs.length), steps, ...cells(runs.flatMap(run => metricsOf(run, direction)))];
  });
}

/** Of averaged weights, which are those that are exported. */
function metricsOf({ judgements }, direction) {
  const last = judgements.find(({ at, weights }) => at === 'end' && weights === 'averaged');
  return last ? [last.directions[direction]] : [];
}

function cells(metrics) {
  return Object.values(columns).map(([name, factor, digits]) => {
    const values = metrics.map(each => each[name]).filter(value => value !== undefined);
    return spreadText(spreadOf(values), digits, factor);
  });
}
