/**
 * Judges a checkpoint of a training twice: with the weights of its last step, and with their average. Both are of the same
 * steps on the same images, so that all that differs is the averaging. The evaluation measures; nothing here does.
 */
import { basename, join } from 'node:path';
import {
  buildTranslation,
  createEvaluator,
  imageOf,
  matchPairs,
  recipeOf,
  recipeSettings,
  scanFolder,
  tensorOf,
} from '../../dist/training/index.js';
import { readCheckpoint } from '../../dist/training/loop/checkpoint.js';
import { drawSheet } from './contact-sheet.mjs';

/** Before a variable's name, in a checkpoint. */
const prefixes = { last: '', averaged: 'ema/' };
/** Images of each domain on a contact sheet. */
const shown = 6;

/**
 * The images are read, and the style classifier is fitted, once for all checkpoints.
 * @param {import('../../dist/engine/index.js').Engine} engine
 * @param {any} study its folders; `isPaired` where images of one name in `testA` and `testB` show the same thing; `classes`
 *   of colours, by which such images are compared
 */
export async function openJudge(engine, { a, b, testA, testB, judgeSize: size, images: limit, ...more }) {
  const { domains, cacheFolder, isPaired = false, classes } = more;
  const [trainA, trainB, heldA, heldB] = await Promise.all([a, b, testA, testB].map(folder => scanFolder(folder)));
  const evaluator = await createEvaluator({
    ...{ engine, domains, size, limit, cacheFolder, classes },
    ...{ trainA: filesOf(trainA), trainB: filesOf(trainB), heldA: filesOf(heldA), heldB: filesOf(heldB) },
    ...(isPaired && { counterparts: counterpartsOf(heldA, heldB) }),
  });
  return {
    judge: (folder, sheet) => judgeCheckpoint(engine, evaluator, folder, sheet),
    dispose: () => evaluator.dispose(),
  };
}

/** @param {import('../../dist/training/index.js').FolderScan} scan */
function filesOf({ folder, images }) {
  return images.map(({ file }) => join(folder, file));
}

/** From files of A to files of B, by their names. */
function counterpartsOf(a, b) {
  const { pairs } = matchPairs(a, b);
  return new Map(pairs.map(({ files: [x, y] }) => [join(a.folder, x.file), join(b.folder, y.file)]));
}

/**
 * @param {import('../../dist/engine/index.js').Engine} engine
 * @param {import('../../dist/training/index.js').Evaluator} evaluator
 * @param {string} folder of the checkpoint
 * @param {string} [sheet] a PNG to write
 * @returns metrics by weights and direction, those of what they are to be compared with, and the names of the images of the
 *   first domain that the sheet shows
 */
async function judgeCheckpoint(engine, evaluator, folder, sheet) {
  const checkpoint = await readCheckpoint(folder);
  const state = await engine.createState({ ...checkpoint.weights, ...checkpoint.averages });
  const pictures = [];
  try {
    const byWeights = {};
    const references = {};
    for (const [weights, prefix] of Object.entries(prefixes)) {
      const evaluations = await judgeWeights(engine, state, evaluator, checkpoint.state.settings, prefix, pictures);
      byWeights[weights] = inDirections(evaluations, ({ rows }) => rows.translated);
      Object.assign(
        references,
        inDirections(evaluations, ({ rows: { translated: _, ...others } }) => others),
      );
    }
    if (sheet) await drawSheet(sheet, columnsOf(pictures));
    return { byWeights, references, shown: shownOf(pictures) };
  } finally {
    await state.dispose();
  }
}

async function judgeWeights(engine, state, evaluator, settings, prefix, pictures) {
  const recipe = recipeOf(settings);
  const programs = [];
  for (const { network } of recipe.directions) {
    const graph = buildTranslation(recipe, recipeSettings(settings, evaluator.size), network, prefix);
    programs.push(await engine.compile(graph, { state }));
  }
  try {
    return await judgeBothWays(evaluator, recipe.directions, programs.map(translateBy), prefix, pictures);
  } finally {
    for (const program of programs) await program.dispose();
  }
}

async function judgeBothWays(evaluator, directions, translations, prefix, pictures) {
  const evaluations = [];
  for (const [index, { from, to }] of directions.entries()) {
    const opposite = directions.findIndex(other => other.from === to && other.to === from);
    const onTranslated = ({ file, input, translated }) => pictures.push({ from, prefix, file, input, translated });
    evaluations.push(
      await evaluator.evaluate({
        direction: from === 0 ? 'AtoB' : 'BtoA',
        translate: translations[index],
        back: translations[opposite],
        onTranslated,
      }),
    );
  }
  return evaluations;
}

function translateBy(program) {
  return async image => {
    const { translated } = await program.run({ image: tensorOf([image]) });
    return imageOf(translated);
  };
}

function inDirections(evaluations, rowsOf) {
  return Object.fromEntries(evaluations.map(evaluation => [`${evaluation.from}→${evaluation.to}`, rowsOf(evaluation)]));
}

function shownOf(pictures) {
  const first = pictures.filter(({ from, prefix }) => from === 0 && prefix === prefixes.averaged);
  return first.slice(0, shown).map(({ file }) => basename(file));
}

/** Inputs, last weights, averaged weights; then the same of the other direction. */
function columnsOf(pictures) {
  return [0, 1].flatMap(from => {
    const of = prefix => pictures.filter(picture => picture.from === from && picture.prefix === prefix).slice(0, shown);
    const [last, averaged] = [of(prefixes.last), of(prefixes.averaged)];
    return [last.map(({ input }) => input), ...[last, averaged].map(list => list.map(({ translated }) => translated))];
  });
}
