/** An evaluation for people: a table of figures beside their references, what they mean in sentences, and what to try. */
import {
  type Evaluation,
  factsOf,
  type MetricFacts,
  type MetricName,
  type Metrics,
  metricFacts,
  type Warning,
} from '../../training/index.js';

type Row = keyof Evaluation['rows'];

const labelWidth = 30;
const columnWidth = 18;

/** Lines of text. */
export function describeEvaluation(evaluation: Evaluation): readonly string[] {
  const { from, to, size, images, targetImages, warnings } = evaluation;
  const beside = targetImages > 0 ? `, beside ${count(targetImages, 'image')} of ${to}` : '';
  return [
    `${from} → ${to}: ${count(images, 'image')} of ${size} × ${size} pixels${beside}`,
    '',
    ...table(evaluation),
    '',
    ...sentences(evaluation),
    ...warnings.flatMap(describeWarning),
  ];
}

function table({ rows, to, metrics }: Evaluation): readonly string[] {
  const titles: Record<Row, string> = {
    translated: 'translated',
    unchanged: 'unchanged',
    target: `real ${to}`,
    truth: 'the truth',
  };
  const shown = (Object.keys(titles) as Row[]).filter(row => rows[row]);
  const heading = `${' '.repeat(labelWidth)}${shown.map(row => cell(titles[row])).join('')}`;
  const lines = namesIn(Object.values(rows)).map(name => {
    const facts = factsOf(name, metrics);
    const values = shown.map(row => cell(formatMetric(name, rows[row]?.[name], facts)));
    return `${facts.title.padEnd(labelWidth)}${values.join('')}`;
  });
  return [heading, ...lines];
}

/** In the order of the catalogue, levels of a distance after the distance; then those of plugins. */
function namesIn(rows: readonly Metrics[]): readonly MetricName[] {
  const present = new Set(rows.flatMap(row => Object.keys(row) as MetricName[]));
  const levels = [...present].filter(name => name.startsWith('swd@'));
  const sideOf = (name: MetricName) => Number(name.slice('swd@'.length));
  const own = (Object.keys(metricFacts) as MetricName[])
    .flatMap(name => (name === 'swd' ? [name, ...levels.sort((a, b) => sideOf(b) - sideOf(a))] : [name]))
    .filter(name => present.has(name) && !(name === 'notFinite' && rows.every(row => !row.notFinite)));
  return [...own, ...[...present].filter(name => name.includes('/'))];
}

function cell(text: string): string {
  return text.slice(0, columnWidth - 2).padStart(columnWidth);
}

function formatMetric(name: MetricName, value: number | undefined, { unit }: MetricFacts): string {
  if (value === undefined) return '–';
  if (unit === 'share') return percent(value);
  if (unit === 'dB') return `${value.toFixed(1)} dB`;
  if (name === 'kid' || name === 'kidDeviation') return small(value);
  const text = Math.abs(value) < 2 ? value.toFixed(3) : value.toFixed(1);
  return unit ? `${text} ${unit}` : text;
}

function sentences(evaluation: Evaluation): readonly string[] {
  return [
    styleSentence(evaluation),
    contentSentence(evaluation),
    cycleSentence(evaluation),
    distanceSentence(evaluation),
    featureSentence(evaluation),
    ...truthSentences(evaluation),
    gridSentence(evaluation),
  ].filter(sentence => sentence !== undefined);
}

function styleSentence({ rows: { translated, unchanged, target }, classifier, from, to }: Evaluation) {
  if (!classifier || translated.style === undefined) return undefined;
  const references = `of ${from} as it is ${percent(unchanged.style)}, of real ${to} ${percent(target?.style)}`;
  const worth = `The classifier is right on ${percent(classifier.accuracy)} of ${sum(classifier.heldOut)} held-out images`;
  return `Style: ${percent(translated.style)} of the translations are taken for ${to} (${references}). ${worth} (fitted on ${sum(classifier.fitted)}).`;
}

function contentSentence({ rows: { translated, truth }, to }: Evaluation) {
  const { content, edges, ssim } = translated;
  if (content === undefined)
    return `Content: correlation of edges ${figure(edges)}, SSIM ${figure(ssim)} with the input.`;
  const verdict = content >= 0.5 ? 'more than half of the way' : 'less than half of the way';
  const best = truth?.content === undefined ? '' : `; the true counterparts are at ${figure(truth.content)}`;
  return `Content: ${figure(content)}, where 0 is a random image of ${to} and 1 the unchanged input: ${verdict}${best}.`;
}

function cycleSentence({ rows: { translated, target } }: Evaluation) {
  if (translated.cycle === undefined) return undefined;
  const beside = target?.change === undefined ? '' : ` (from a random image of the target: ${percent(target.change)})`;
  return `There and back: translated twice, an image is ${percent(translated.cycle)} of the range from itself${beside}.`;
}

function distanceSentence({ rows: { translated, unchanged, target }, to }: Evaluation) {
  if (translated.swd === undefined) return undefined;
  const halves = target?.swd === undefined ? '' : `, of one half of ${to} to the other ${figure(target.swd)}`;
  return `Sliced Wasserstein distance to ${to}: ${figure(translated.swd)} (of the inputs ${figure(unchanged.swd)}${halves}).`;
}

function featureSentence({ rows: { translated, unchanged, target }, features }: Evaluation) {
  if (!features || translated.fid === undefined) return undefined;
  const kid = (row: Metrics | undefined) => `${small(row?.kid)} ± ${small(row?.kidDeviation)}`;
  const values = `KID ${kid(translated)}, FID ${figure(translated.fid)}`;
  const references = `inputs: ${kid(unchanged)}, ${figure(unchanged.fid)}; halves of the target: ${kid(target)}, ${figure(target?.fid)}`;
  return `By features of ${features.file} (${features.side} × ${features.side}, colours ${features.range}): ${values} (${references}).`;
}

function truthSentences({ rows: { translated }, pairs, classes }: Evaluation): readonly string[] {
  if (translated.l1 === undefined) return [];
  const { l1, psnr, truthSsim } = translated;
  const near = `Beside ${count(pairs, 'true counterpart')}: L1 ${figure(l1)}, PSNR ${figure(psnr)} dB, SSIM ${figure(truthSsim)}.`;
  if (!classes) return [near];
  const each = classes.classes.map(
    ({ name, share, accuracy }) => `${name} ${percent(accuracy)} (${percent(share)} of all)`,
  );
  return [
    near,
    `Kinds of things: ${percent(classes.accuracy)} of the pixels are right, where an image of the most frequent kind alone ` +
      `would get ${percent(classes.constantAccuracy)}; found: ${each.join(', ')}.`,
  ];
}

function gridSentence({ rows: { translated, unchanged, target }, to }: Evaluation) {
  const pair = (row: Metrics | undefined) => `${figure(row?.grid2)} and ${figure(row?.grid4)} dB`;
  const real = target ? `, real ${to} ${pair(target)}` : '';
  return `Grid of 2 and 4 pixels over its surroundings: ${pair(translated)} (inputs ${pair(unchanged)}${real}).`;
}

function describeWarning({ sentence, remedy }: Warning): readonly string[] {
  return ['', `Warning: ${sentence}`, `  Try: ${remedy}`];
}

function percent(share: number | undefined): string {
  return share === undefined ? '–' : `${(100 * share).toFixed(1)} %`;
}

function figure(value: number | undefined): string {
  if (value === undefined) return '–';
  return Math.abs(value) < 10 ? value.toFixed(2) : value.toFixed(1);
}

/** KID's unit is that of the features: anything from 10⁻³ to 10³. */
function small(value: number | undefined): string {
  if (value === undefined) return '–';
  return Math.abs(value) < 1 ? value.toFixed(4) : Number(value.toPrecision(4)).toString();
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}

function sum([a, b]: readonly [number, number]): number {
  return a + b;
}
