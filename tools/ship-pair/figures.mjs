/**
 * How good a direction is, from the files that measuring left: `cyclebox evaluate`'s document, what the classifier said of
 * horses and zebras, what the strip of satellite-map gave. The same figures become the card's table and the manifest's
 * `quality`; nothing is measured here, and what was not measured is absent.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * @typedef {{ readonly name: string, readonly unit?: '%', readonly better: 'higher' | 'lower', readonly isQuality: boolean,
 *   readonly model: number, readonly unchanged?: number, readonly real?: number }} Figure
 *   `isQuality`: whether it stands in the manifest, too
 */

/**
 * @param {string} judged the folder
 * @param {string} to the domain that the direction leads to
 * @returns {Promise<{ images?: number, figures: readonly Figure[], warnings: readonly string[] }>}
 */
export async function readFigures(judged, to) {
  const evaluation = await readJson(join(judged, `to-${to}`, 'evaluation.json'));
  const classified = await readJson(join(judged, 'classified.json'));
  const strip = await readJson(join(judged, 'strip', 'evaluation.json'));
  const figures = [
    ...(classified ? classifiedFigures(classified, to) : []),
    ...(strip ? stripFigures(strip, to) : []),
    ...(evaluation ? evaluationFigures(evaluation, strip === undefined) : []),
  ];
  const images = evaluation?.images ?? strip?.tiles.count;
  return { images, figures, warnings: (evaluation?.warnings ?? []).map(({ sentence }) => sentence) };
}

async function readJson(file) {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : JSON.parse(text);
}

/** By its name in an evaluation: words, factor, decimals. */
const evaluated = {
  style: { name: 'taken for the target', unit: '%', better: 'higher' },
  content: { name: 'content kept', better: 'higher', digits: 2 },
  cycle: { name: 'L1 there and back', better: 'lower', digits: 4, isTableOnly: true },
  grid: { name: 'grid, dB', better: 'lower', digits: 1, isTableOnly: true },
};

function evaluationFigures({ rows: { translated, unchanged, target } }, isQuality) {
  return Object.entries(evaluated).flatMap(([metric, { digits = 1, isTableOnly = false, ...facts }]) => {
    const shown = value =>
      value === undefined ? undefined : rounded(facts.unit === '%' ? 100 * value : value, digits);
    if (translated[metric] === undefined) return [];
    const [model, before, real] = [translated, unchanged, target].map(row => shown(row?.[metric]));
    return [figure(facts, isQuality && !isTableOnly, model, before, real)];
  });
}

/** @param {readonly { what: string, zebra: number }[]} rows shares of images whose first guess is a zebra */
function classifiedFigures(rows, to) {
  const share = what => rounded(100 * rows.find(row => row.what === what).zebra, 1);
  const [horses, zebras] = [share('real horses'), share('real zebras')];
  if (to === 'zebra')
    return [
      figure({ name: 'called a zebra', unit: '%', better: 'higher' }, true, share('horse → zebra'), horses, zebras),
    ];
  const still = { name: 'still called a zebra', unit: '%', better: 'lower' };
  return [figure(still, true, share('zebra → horse'), zebras, horses)];
}

function stripFigures(strip, to) {
  const methods = to === 'map' ? strip.toMap : strip.toSatellite;
  if (!methods) return [];
  const [model, before, truth] = ['trained', 'input unchanged', 'truth itself'].map(name => methods[name]);
  const percent = row => rounded(100 * row.accuracy, 1);
  const right = { name: 'water or land right', unit: '%', better: 'higher' };
  return [
    figure(right, true, percent(model), percent(before), percent(truth)),
    figure({ name: 'L1', better: 'lower' }, true, rounded(model.l1, 4), rounded(before.l1, 4)),
  ];
}

function figure(facts, isQuality, model, unchanged, real) {
  return {
    ...facts,
    isQuality,
    model,
    ...(unchanged !== undefined && { unchanged }),
    ...(real !== undefined && { real }),
  };
}

function rounded(value, digits) {
  return Number(value.toFixed(digits));
}

/** The manifest's `quality`. @param {string} on the images, in words @param {readonly Figure[]} figures */
export function qualityOf(on, figures) {
  const told = figures.filter(({ isQuality }) => isQuality);
  if (told.length === 0) return undefined;
  return {
    on,
    figures: told.map(({ isQuality: _, name, model: value, unit, better, unchanged, real }) => ({
      ...{ name, value },
      ...(unit && { unit }),
      better,
      ...(unchanged !== undefined && { unchanged }),
      ...(real !== undefined && { real }),
    })),
  };
}

/** @param {string} title of the direction @param {readonly Figure[]} figures @returns {string} a Markdown table */
export function figureTable(title, figures) {
  const cell = ({ unit }, value) => (value === undefined ? '' : unit ? `${value} ${unit}` : String(value));
  const rows = [
    [title, ...figures.map(({ name, better }) => `${name} (${better})`)],
    ['---', ...figures.map(() => '---:')],
    ['this model', ...figures.map(each => cell(each, each.model))],
    ['input unchanged', ...figures.map(each => cell(each, each.unchanged))],
    ['real target images', ...figures.map(each => cell(each, each.real))],
  ];
  return rows.map(row => `| ${row.join(' | ')} |`).join('\n');
}
