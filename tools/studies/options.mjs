/**
 * `npm run study:options -- --a DIR --b DIR --test-a DIR --test-b DIR`: what an option of the trainer
 * buys in equal time: grid, style and content. Small pairs are trained for equal time each, one factor at a time from a
 * base, then what seems best with more seeds; each is judged on held-out images with its last weights and their average. It goes on where it was interrupted, and repeats nothing.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join, resolve } from 'node:path';
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { openEngine } from '../../dist/engine/index.js';
import { seemsBest } from './best-factors.mjs';
import { clocks } from './clocks.mjs';
import { defaultFactors, factorOptions } from './factors.mjs';
import { openJudge } from './judge-checkpoint.mjs';
import { finishRun } from './study-run.mjs';
import { studyTable } from './study-table.mjs';

const choices = Object.fromEntries(Object.entries(factorOptions).map(([factor, of]) => [factor, Object.keys(of)]));

const { values } = parseArgs({
  options: {
    a: { type: 'string' },
    b: { type: 'string' },
    'test-a': { type: 'string' },
    'test-b': { type: 'string' },
    domains: { type: 'string', default: 'a,b' },
    out: { type: 'string', default: 'runs/studies/options' },
    minutes: { type: 'string', default: '20' },
    seconds: { type: 'string' },
    at: { type: 'string', default: '' },
    seed: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '2,3' },
    factors: { type: 'string', default: defaultFactors.join(',') },
    size: { type: 'string', default: '64' },
    width: { type: 'string', default: '16' },
    blocks: { type: 'string', default: '4' },
    'judge-size': { type: 'string', default: '256' },
    images: { type: 'string', default: '48' },
    engine: { type: 'string', default: 'cpu' },
    threads: { type: 'string' },
    clock: { type: 'string', default: 'wall' },
    'warm-start': { type: 'string' },
  },
});

await main();

async function main() {
  const study = readStudy();
  const out = resolve(values.out);
  await refuseAnother(out, study);
  const engine = await openEngine(values.engine, values.threads ? { threads: Number(values.threads) } : {});
  const judge = await openJudge(engine, { ...study, cacheFolder: join(out, 'evaluation') });
  const place = { engine: values.engine, threads: values.threads && Number(values.threads), signal: interruption() };
  try {
    await runAll(study, out, judge, place, engine.device.name);
  } finally {
    await judge.dispose();
    await engine.dispose();
  }
}

/** Every run in turn; the table is written anew after each. */
async function runAll(study, out, judge, place, device) {
  const results = [];
  const run = async (factors, seed) => {
    const known = results.find(result => result.seed === seed && isDeepStrictEqual(result.factors, factors));
    if (known) return known;
    const expectedSteps = results[0]?.steps;
    const result = await finishRun(
      { ...study, factors, seed, expectedSteps, name: nameOf(factors), out },
      judge,
      place,
    );
    if (!result) return undefined;
    results.push(result);
    await write(out, { study, machine: `${cpus()[0]?.model.trim()}, ${device}`, runs: results });
    return result;
  };
  for (const factors of oneAtATime(study.factors)) if (!(await run(factors, study.seed))) return interrupted();
  const best = seemsBest(results, base(), study.factors, choices);
  console.log(`\nWhat seems best: ${nameOf(best)}`);
  for (const seed of [study.seed, ...study.seeds]) if (!(await run(best, seed))) return interrupted();
  console.log(`\n${studyTable(results)}\n\nWritten to ${join(out, 'results.md')} and results.json`);
}

/** What the study is: everything that its figures follow from, but the machine. */
function readStudy() {
  for (const name of ['a', 'b', 'test-a', 'test-b'])
    if (!values[name]) throw new RangeError(`--${name} is missing: a folder with images.`);
  const factors = values.factors.split(',').filter(Boolean);
  const unknown = factors.find(factor => !(factor in choices));
  if (unknown !== undefined)
    throw new RangeError(`There is no factor "${unknown}". There are: ${Object.keys(choices).join(', ')}.`);
  if (factors.includes('warmStart') && !values['warm-start'])
    throw new RangeError('The factor warmStart needs --warm-start FILE: the generators of another pair.');
  const [a, b, testA, testB] = [values.a, values.b, values['test-a'], values['test-b']].map(path => resolve(path));
  return {
    ...{ a, b, testA, testB, domains: values.domains.split(','), factors },
    seconds: values.seconds ? positive('seconds') : 60 * positive('minutes'),
    at: numbers(values.at),
    seed: positive('seed'),
    seeds: numbers(values.seeds),
    ...{ size: positive('size'), width: positive('width'), blocks: positive('blocks') },
    judgeSize: positive('judge-size'),
    images: positive('images'),
    clock: clockName(),
    ...(values['warm-start'] && { warmStart: resolve(values['warm-start']) }),
  };
}

function clockName() {
  if (values.clock in clocks) return values.clock;
  throw new RangeError(`--clock is ${values.clock}; it must be ${Object.keys(clocks).join(' or ')}.`);
}

/** @param {keyof typeof values} name */
function positive(name) {
  const value = Number(values[name]);
  if (!(value > 0)) throw new RangeError(`--${name} is ${values[name]}; it must be a number above 0.`);
  return value;
}

/** @param {string} list such as `1000,2000` */
function numbers(list) {
  const found = list.split(',').filter(Boolean).map(Number);
  if (found.every(value => Number.isInteger(value) && value > 0)) return found;
  throw new RangeError(`"${list}" is no list of whole numbers such as 1000,2000.`);
}

function base() {
  return Object.fromEntries(Object.entries(choices).map(([factor, [first]]) => [factor, first]));
}

/** The base, and all that differ from it in one factor. @param {readonly string[]} factors */
function oneAtATime(factors) {
  const others = factors.flatMap(factor => choices[factor].slice(1).map(choice => ({ ...base(), [factor]: choice })));
  return [base(), ...others];
}

/** What differs from the base: `upsample=transpose`. */
function nameOf(factors) {
  const different = Object.entries(factors).filter(([factor, choice]) => choice !== choices[factor][0]);
  return different.map(([factor, choice]) => `${factor}=${choice}`).join('+') || 'base';
}

/** A folder holds one study: figures of others would be mixed with its own. */
async function refuseAnother(out, study) {
  const file = join(out, 'study.json');
  const text = await readFile(file, 'utf8').catch(() => undefined);
  const differs =
    text && Object.entries(JSON.parse(text)).find(([key, value]) => !isDeepStrictEqual(value, study[key]));
  if (differs) {
    const [key, value] = differs;
    throw new RangeError(
      `${out} holds a study with ${key} ${JSON.stringify(value)}, not ${JSON.stringify(study[key])}. Give another --out, or remove it.`,
    );
  }
  await mkdir(out, { recursive: true });
  await writeFile(file, `${JSON.stringify(study, undefined, 2)}\n`);
}

async function write(out, results) {
  await writeFile(join(out, 'results.json'), `${JSON.stringify(results, undefined, 2)}\n`);
  await writeFile(join(out, 'results.md'), `${studyTable(results.runs)}\n`);
}

/** Aborted by Ctrl-C: the run under way gets a checkpoint. A second one ends at once. */
function interruption() {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => controller.abort());
  return controller.signal;
}

function interrupted() {
  console.log('Interrupted. The same command goes on from here.');
  process.exitCode = 130;
}
