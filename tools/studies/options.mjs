/**
 * `npm run study:options -- --a DIR --b DIR --test-a DIR --test-b DIR`: what an option of the trainer
 * buys in equal time: grid, style and content. Small pairs are trained for equal time each, one factor at a time from a
 * base, then what seems best with more seeds; each is judged on held-out images with its last weights and their average. It goes on where it was interrupted, and repeats nothing.
 */
import { cpus } from 'node:os';
import { join, resolve } from 'node:path';
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { openEngine } from '../../dist/engine/index.js';
import { commonOf, commonOptions, numbers, positive } from './arguments.mjs';
import { seemsBest } from './best-factors.mjs';
import { defaultFactors, factorOptions, optionsOf } from './factors.mjs';
import { openJudge } from './judge-checkpoint.mjs';
import { claimFolder, interrupted, interruption, writeResults } from './study-folder.mjs';
import { finishRun } from './study-run.mjs';
import { studyTable } from './study-table.mjs';

const choices = Object.fromEntries(Object.entries(factorOptions).map(([factor, of]) => [factor, Object.keys(of)]));

const { values } = parseArgs({
  options: {
    ...commonOptions,
    a: { type: 'string' },
    b: { type: 'string' },
    'test-a': { type: 'string' },
    'test-b': { type: 'string' },
    domains: { type: 'string', default: 'a,b' },
    out: { type: 'string', default: 'runs/studies/options' },
    at: { type: 'string', default: '' },
    seed: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '2,3' },
    factors: { type: 'string', default: defaultFactors.join(',') },
    'judge-size': { type: 'string', default: '256' },
    images: { type: 'string', default: '48' },
    'warm-start': { type: 'string' },
  },
});

await main();

async function main() {
  const study = readStudy();
  const out = resolve(values.out);
  await claimFolder(out, study);
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
    const training = trainingOf(study, factors, seed, results[0]?.steps);
    const result = await finishRun({ ...study, training, factors, seed, name: nameOf(factors), out }, judge, place);
    if (!result) return undefined;
    results.push(result);
    const machine = `${cpus()[0]?.model.trim()}, ${device}`;
    await writeResults(out, { study, machine, runs: results }, studyTable(results));
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
    ...commonOf(values),
    at: numbers(values.at),
    seed: positive(values, 'seed'),
    seeds: numbers(values.seeds),
    judgeSize: positive(values, 'judge-size'),
    images: positive(values, 'images'),
    ...(values['warm-start'] && { warmStart: resolve(values['warm-start']) }),
  };
}

/** A constant rate but where a choice says otherwise, since nobody knows how many steps there will be. */
function trainingOf({ a, b, domains, size, width, blocks, warmStart }, factors, seed, expectedSteps) {
  const common = { pair: domains.join('-'), domains, a, b, size, width, blocks, seed, schedule: 'constant' };
  return { ...common, ...optionsOf(factors, { size, expectedSteps, warmStart }) };
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
