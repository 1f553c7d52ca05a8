/**
 * The part of a model card that follows from models and measurements: what the models are, the commands from data set to
 * model, and the figures beside what they are to be compared with. It stands between two marks in the plugin's README; what
 * people write around them stays.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { figureTable } from './figures.mjs';
import { trainCommand, wrapped } from './train-command.mjs';

const inPyTorch =
  'in PyTorch, which trains the same networks by the same losses ([`tools/pytorch`](../../tools/pytorch/README.md))';
const marks = ['<!-- measured: `npm run ship:pair` writes what follows -->', '<!-- end of what is measured -->'];

/** Replaces the part, or adds it at the end. @param {string} folder of the plugin @param {string} part in Markdown */
export async function writeCard(folder, part) {
  const file = join(folder, 'README.md');
  const text = await readFile(file, 'utf8');
  const [begin, end] = marks.map(mark => text.indexOf(mark));
  const marked = `${marks[0]}\n\n${part}\n\n${marks[1]}`;
  const before = begin < 0 ? `${text.trimEnd()}\n\n## Model card\n\n` : text.slice(0, begin);
  const behind = begin < 0 ? '\n' : text.slice(end + marks[1].length);
  await writeFile(file, `${before}${marked}${behind}`);
}

/**
 * @param {string} pair
 * @param {readonly [string, string]} domains
 * @param {import('./pairs.mjs').PairFacts} facts
 * @param {readonly import('./models.mjs').ShippedModel[]} models
 * @param {string | undefined} warmStart a folder
 */
export function cardPart(pair, domains, facts, models, warmStart) {
  return [
    describeModels(models),
    `**Data.** ${upperFirst(facts.data)}.`,
    `**From data set to model.**\n\n${indented(commands(pair, domains, facts, models, warmStart))}`,
    ...(models.every(isElsewhere)
      ? [ownTrainer(pair, domains, facts, models[0])]
      : models.map(trainingNote).filter(Boolean)),
    '**Held-out results**, beside what the input itself gets and what real images of the target get ([what the figures are](../../docs/evaluation.md)):',
    ...models.filter(({ figures }) => figures.length > 0).map(resultsOf),
  ].join('\n\n');
}

function describeModels(models) {
  const lines = models.map(({ to, network, weights, sizeBytes, storage }) => {
    const thousands = `${Math.round(weights / 1000)} thousand weights`;
    return `- to ${to}: ${network}, ${thousands}, stored as ${storage}, ${(sizeBytes / 1e6).toFixed(1)} MB`;
  });
  return `**Models.** ${fittedBy(models)}\n\n${lines.join('\n')}`;
}

function fittedBy(models) {
  const by = model => (isElsewhere(model) ? inPyTorch : "by Cyclebox's own trainer");
  const [first, ...others] = models;
  if (others.every(other => by(other) === by(first))) return `Fitted ${by(first)}.`;
  return `${models.map(model => `To ${model.to} fitted ${by(model)}`).join('. ')}.`;
}

function commands(pair, domains, facts, models, warmStart) {
  const out = `runs/${pair}`;
  const judged = `${out}/judged`;
  const place = { pair, domains, a: facts.trainA, b: facts.trainB, out, warmStart };
  return [
    facts.prepare,
    ...trainings(pair, models, place),
    ...models.map(model => evaluateCommand(model, models, facts, judged)),
    ...(facts.measure ? [wrapped(...splitCommand(facts.measure.replace('JUDGED', judged)))] : []),
    `npm run ship:pair -- --pair ${pair} --judged ${judged}`,
  ].join('\n');
}

/** Each training once; where the directions come from two, each is told to take its own. */
function trainings(pair, models, place) {
  const kinds = [true, false].map(elsewhere => models.filter(model => isElsewhere(model) === elsewhere));
  const isMixed = kinds.every(kind => kind.length > 0);
  return kinds.flatMap(([model]) => {
    if (!model) return [];
    const lines = isElsewhere(model) ? there(pair, model) : here(pair, place.out, trainCommand(model.training, place));
    return isMixed ? [...lines.slice(0, -1), `${lines.at(-1)} --to ${model.to}`] : lines;
  });
}

/** Whether the weights came from another framework's training. */
function isElsewhere({ training }) {
  return training.framework !== undefined;
}

function here(pair, out, command) {
  return [command, `npm run ship:pair -- --pair ${pair} --plugin ${out}/plugins/${pair}`];
}

/** Once from nothing, and, where the models began with others' weights, a second time from those. */
function there(pair, { training }) {
  const lists = training.warmStart ? ['pairs', 'further'] : ['pairs'];
  const runs = ['runs/pytorch', 'runs/pytorch-further'].slice(0, lists.length);
  return [
    ...lists.map((list, at) => `python3 tools/pytorch/train.py tools/pytorch/${list}.json ${runs[at]}`),
    `npm run ship:pair -- --pair ${pair} --plugin ${runs.at(-1)}/${pair}`,
  ];
}

/** The command that takes as many steps of the same on a machine with Node.js alone. */
function ownTrainer(pair, domains, facts, { training }) {
  const warmStart = `models/${pair}`;
  const place = { pair, domains, a: facts.trainA, b: facts.trainB, out: `runs/${pair}`, warmStart };
  return `The same training by Cyclebox, on any machine that has the time:\n\n${indented(trainCommand(training, place))}`;
}

function evaluateCommand({ path, to, isFirst }, models, facts, judged) {
  const [from, target] = isFirst ? ['A', 'B'] : ['B', 'A'];
  const back = models.find(other => other.to !== to);
  return wrapped('npx cyclebox evaluate', [
    `--model models/${path}`,
    ...(back ? [`--back models/${back.path}`] : []),
    `--a ${facts[`test${from}`]} --b ${facts[`test${target}`]}`,
    `--train-a ${facts[`train${from}`]} --train-b ${facts[`train${target}`]}`,
    `--out ${judged}/to-${to}`,
  ]);
}

/** `npm run -s x --` and its options, in pairs. */
function splitCommand(command) {
  const [first, rest] = command.split(/ -- (.*)/s);
  return [`${first} --`, rest.split(/ (?=--|>)/)];
}

function trainingNote({ training: { step, steps, warmStart } }) {
  const stopped = step < steps ? `The weights are those of step ${step}.` : '';
  const warm = warmStart ? 'The training began with the weights of `--warm-start`.' : '';
  return [stopped, warm].filter(Boolean).join(' ');
}

function resultsOf({ from, to, figures, on, warnings }) {
  const told = warnings.map(sentence => `\n- ${sentence}`).join('');
  return `${figureTable(`${from} → ${to}`, figures)}\n\nOn ${on}.${told && `\n${told}`}`;
}

function indented(text) {
  return text.replace(/^/gm, '    ');
}

function upperFirst(text) {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
