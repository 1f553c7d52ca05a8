/**
 * `npm run study:cycle -- --set satellite-map --data DIR`: what a translation learns from pairs, from an adversary alone, from
 * the cycle, and from patches, in equal time on equal networks; each is judged on held-out images, with averaged weights. It
 * goes on where it was interrupted, and repeats nothing.
 */
import { cpus } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { openEngine } from '../../dist/engine/index.js';
import { commonOf, commonOptions, numbers, positive } from './arguments.mjs';
import { contenders, openSet, setNames } from './cycle-sets.mjs';
import { cycleTable } from './cycle-table.mjs';
import { openJudge } from './judge-checkpoint.mjs';
import { drawOverview } from './overview.mjs';
import { claimFolder, interrupted, interruption, writeResults } from './study-folder.mjs';
import { finishRun } from './study-run.mjs';

const { values } = parseArgs({
  options: {
    ...commonOptions,
    set: { type: 'string' },
    data: { type: 'string' },
    seeds: { type: 'string', default: '1,2,3' },
    recipes: { type: 'string', default: Object.keys(contenders).join(',') },
    images: { type: 'string', default: '150' },
    out: { type: 'string' },
  },
});

await main();

async function main() {
  const study = readStudy();
  const out = resolve(values.out ?? `runs/studies/cycle-${values.set}`);
  await claimFolder(out, study);
  const engine = await openEngine(values.engine, values.threads ? { threads: Number(values.threads) } : {});
  const judge = await openJudge(engine, { ...judged(study), cacheFolder: join(out, 'evaluation') });
  const place = { engine: values.engine, threads: values.threads && Number(values.threads), signal: interruption() };
  try {
    await runAll(study, out, judge, place, `${cpus()[0]?.model.trim()}, ${engine.device.name}`);
  } finally {
    await judge.dispose();
    await engine.dispose();
  }
}

/** All recipes with one seed, then with the next: what has come out so far compares them at any time. */
async function runAll(study, out, judge, place, machine) {
  const results = [];
  for (const seed of study.seeds) {
    for (const name of study.recipes) {
      const run = { ...study, name, seed, out, at: [], training: trainingOf(study, contenders[name], seed) };
      const result = await finishRun(run, judge, place);
      if (!result) return interrupted();
      results.push(result);
      await writeResults(out, { study, machine, runs: results }, cycleTable(results));
    }
    await drawOverview(join(out, `overview-seed${seed}.png`), study, results, out);
  }
  console.log(`\n${cycleTable(results)}\n\nWritten to ${join(out, 'results.md')}, results.json and overview-seed*.png`);
}

/** What the study is: everything that its figures follow from, but the machine. */
function readStudy() {
  if (!setNames.includes(values.set))
    throw new RangeError(`--set is ${values.set ?? 'missing'}; it must be ${setNames.join(' or ')}.`);
  if (!values.data) throw new RangeError('--data is missing: the folder of the data set.');
  const { classes: _, ...set } = openSet(values.set, resolve(values.data));
  const recipes = values.recipes.split(',').filter(Boolean);
  const unknown = recipes.find(name => !(name in contenders));
  if (unknown !== undefined)
    throw new RangeError(`There is no recipe "${unknown}" here. There are: ${Object.keys(contenders).join(', ')}.`);
  return {
    ...set,
    recipes: recipes.filter(name => set.paired || !contenders[name].isPaired),
    ...commonOf(values),
    seeds: numbers(values.seeds),
    images: positive(values, 'images'),
  };
}

/** What translations are judged by, at the size that networks were trained at. */
function judged({ unpaired: [a, b], test: [testA, testB], domains, size, images, isTestPaired: isPaired }) {
  const { classes } = openSet(values.set, '');
  return { a, b, testA, testB, domains, judgeSize: size, images, isPaired, classes };
}

/** A constant rate, since nobody knows how many steps there will be. */
function trainingOf({ domains, size, width, blocks, flip, ...folders }, { isPaired, options }, seed) {
  const [a, b] = isPaired ? folders.paired : folders.unpaired;
  const common = { pair: domains.join('-'), domains, a, b, size, width, blocks, flip, seed, schedule: 'constant' };
  return { ...common, ...options };
}
