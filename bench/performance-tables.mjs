/**
 * `npm run bench:tables`: the tables of docs/performance.md from what `npm run bench:performance` has measured. Each stands between
 * `<!-- table NAME -->` and `<!-- end -->`; those of which nothing has been measured here stay as they are.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readResults } from './performance-results.mjs';

/** @typedef {import('./performance-results.mjs').Row} Row */
/** @typedef {import('./performance-results.mjs').Section} Section */
/** @typedef {{ readonly title: string, readonly of: (row: Row) => string }} Column */

const page = new URL('../docs/performance.md', import.meta.url);

const short = value =>
  typeof value === 'number' && Number.isFinite(value) ? String(Number(value.toPrecision(3))) : '';
/** Large numbers in full: 1234, not 1.23e+3. */
const whole = value => (typeof value === 'number' && value >= 100 ? String(Math.round(value)) : short(value));
/** @param {string} title @param {string} key @returns {Column} */
const figure = (title, key) => ({ title, of: row => whole(row[key]) });
/** @param {string} title @param {string} key @returns {Column} */
const ratio = (title, key) => ({
  title,
  of: row => (typeof row[key] === 'number' && Number.isFinite(row[key]) ? row[key].toFixed(2) : ''),
});
/** @param {string} title @param {string} key @returns {Column} */
const text = (title, key) => ({ title, of: row => String(row[key] ?? '') });

const peers = [
  figure('PyTorch', 'torch'),
  figure('ONNX Runtime in Python', 'onnxruntime'),
  figure('OpenVINO', 'openvino'),
  figure('TensorFlow.js', 'tfjs'),
];

/** @type {Readonly<Record<string, readonly Column[]>>} */
const columns = {
  translate: [
    text('network and image', 'what'),
    figure('Cyclebox', 'cyclebox'),
    ...peers,
    ratio('to the best of them', 'toBestPeer'),
    ratio('to the floor', 'toFloor'),
  ],
  'translate-cpu': [
    text('network and image', 'what'),
    figure('Cyclebox', 'cyclebox'),
    ...peers,
    ratio('to the best of them', 'toBestPeer'),
  ],
  train: [
    text('a step of', 'what'),
    figure('Cyclebox', 'cyclebox'),
    figure('PyTorch', 'torch'),
    ratio('to it', 'toBestPeer'),
    ratio('to the floor', 'toFloor'),
  ],
  folder: [
    text('', 'what'),
    figure('seconds', 'seconds'),
    figure('CPU seconds', 'cpuSeconds'),
    ratio('to the larger', 'toLarger'),
    ratio('to the floor', 'toFloor'),
    text('', 'remark'),
  ],
};

/** @param {string} name @param {Section} section */
export function tableOf(name, { machine, measured, rows }) {
  const shown = columns[name].filter(column => column.title === '' || rows.some(row => column.of(row) !== ''));
  const line = cells => `| ${cells.join(' | ')} |`;
  const ruler = shown.map((column, index) => (index === 0 || column.title === '' ? '---' : '---:'));
  const where = Object.entries(machine)
    .map(([key, value]) => (key === 'processor' ? value : `${key} ${value}`))
    .join(', ');
  return [
    line(shown.map(({ title }) => title)),
    line(ruler),
    ...rows.map(row => line(shown.map(column => column.of(row)))),
    '',
    `${where}; ${measured}.`,
  ].join('\n');
}

/** @param {string} markdown @param {Readonly<Record<string, Section>>} results */
export function withTables(markdown, results) {
  return markdown.replace(/(<!-- table ([a-z-]+) -->\n)[\s\S]*?(<!-- end -->)/g, (whole, start, name, end) => {
    if (!columns[name]) throw new Error(`docs/performance.md has a table ${name}, which nothing measures.`);
    const section = results[name];
    return section ? `${start}\n${tableOf(name, section)}\n${end}` : whole;
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const before = readFileSync(page, 'utf8');
  const after = withTables(before, readResults());
  writeFileSync(page, after);
  console.log(before === after ? 'docs/performance.md is as it was.' : 'docs/performance.md has new tables.');
}
