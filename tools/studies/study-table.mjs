/** A study's results as a Markdown table: what its rows are to be compared with first, then each run, as each was judged. */

/** Metric and number of decimals, by title. */
const columns = {
  'grid 2': ['grid2', 1],
  'grid 4': ['grid4', 1],
  style: ['styleLikelihood', 2],
  content: ['content', 2],
};

/** @param {readonly import('./study-run.mjs').RunResult[]} results @returns {string} */
export function studyTable(results) {
  const directions = directionsOf(results);
  const measured = directions.flatMap(direction => Object.keys(columns).map(title => `${direction} ${title}`));
  const head = ['run', 'seed', 'at', 'steps', 'minutes', 'weights', ...measured];
  const rows = [...referenceRows(results, directions), ...results.flatMap(result => runRows(result, directions))];
  return [head, head.map((_, index) => (index === 0 ? '---' : '---:')), ...rows].map(inPipes).join('\n');
}

/** All judge the same images: the first that was judged has them all. */
function directionsOf(results) {
  return Object.keys(results.find(({ judgements }) => judgements.length > 0)?.judgements[0].directions ?? {});
}

function referenceRows(results, directions) {
  const { references } = results.find(({ judgements }) => judgements.length > 0) ?? { references: {} };
  const row = (title, name) => [title, ...Array(5).fill(''), ...cells(directions, to => references[to]?.[name])];
  return [row('input unchanged', 'unchanged'), row('real images of the target', 'target')];
}

function runRows({ name, seed, steps, seconds, failure, judgements }, directions) {
  if (judgements.length === 0) return [[`${name}: ${failure}`, seed, '', steps, (seconds / 60).toFixed(1), '']];
  return judgements.map(({ at, step, weights, directions: metrics }) => [
    failure ? `${name} (then failed)` : name,
    seed,
    at,
    step,
    at === 'end' ? (seconds / 60).toFixed(1) : '',
    weights,
    ...cells(directions, direction => metrics[direction]),
  ]);
}

function cells(directions, metricsOf) {
  return directions.flatMap(direction =>
    Object.values(columns).map(([metric, digits]) => metricsOf(direction)?.[metric]?.toFixed(digits) ?? ''),
  );
}

function inPipes(row) {
  return `| ${row.join(' | ')} |`;
}
