/**
 * One run of a study: trained for its time, judged, and kept in a folder of its own. A run whose `result.json` is there is
 * done; one with checkpoints goes on. Judging takes none of the run's time.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { latestCheckpoint, listCheckpoints } from '../../dist/training/loop/checkpoint.js';
import { trainFor } from './train-for.mjs';

/**
 * @typedef {Readonly<Record<string, number>>} Metrics as the evaluation names them
 * @typedef {{ readonly at: number | 'end', readonly step: number, readonly weights: 'last' | 'averaged',
 *   readonly directions: Readonly<Record<string, Metrics>> }} Judgement `directions` by `horse→zebra`
 * @typedef {{ readonly name: string, readonly factors?: Readonly<Record<string, string>>, readonly seed: number,
 *   readonly steps: number, readonly seconds: number, readonly failure?: string,
 *   readonly references: Readonly<Record<string, Readonly<Record<string, Metrics>>>>,
 *   readonly judgements: readonly Judgement[], readonly shown?: readonly string[] }} RunResult `shown`: names of the first
 *   domain's images on the sheet
 */

/**
 * @param {{ name: string, seed: number, factors?: Readonly<Record<string, string>>, out: string, seconds: number,
 *   at: readonly number[], clock: keyof typeof import('./clocks.mjs').clocks,
 *   training: import('../../dist/training/index.js').TrainingOptions }} run `out` of the study
 * @returns {Promise<RunResult | undefined>} undefined when it was interrupted
 */
export async function finishRun(run, judge, place) {
  const { name, seed, factors } = run;
  const out = join(run.out, `${name}-seed${seed}`);
  const done = await readFile(join(out, 'result.json'), 'utf8').catch(() => undefined);
  if (done) {
    console.log(`${name}, seed ${seed}: done before`);
    return JSON.parse(done);
  }
  await mkdir(out, { recursive: true });
  console.log(`${name}, seed ${seed}: training for ${run.seconds} s in ${out}`);
  const trained = await trainFor(
    { ...given(run.training), out },
    { ...place, seconds: run.seconds, at: run.at, clock: run.clock },
  );
  if (!trained.isComplete) return undefined;
  const judged = await judgeRun(run, out, judge);
  const { steps, seconds, failure } = trained;
  const result = { name, ...(factors && { factors }), seed, steps, seconds, ...(failure && { failure }), ...judged };
  await writeFile(join(out, 'result.json'), `${JSON.stringify(result, undefined, 2)}\n`);
  console.log(`${name}, seed ${seed}: ${steps} steps${failure ? `, then failed: ${failure}` : ''}`);
  return result;
}

function given(options) {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** At the step counts that were asked for and reached, and at the end; of that a contact sheet. */
async function judgeRun({ at }, out, judge) {
  const judgements = [];
  let references = {};
  let shown;
  const last = await latestCheckpoint(out);
  const asked = (await listCheckpoints(out)).filter(folder => at.includes(stepOf(folder)));
  for (const [when, folder] of [...asked.map(folder => [stepOf(folder), folder]), ['end', last]]) {
    if (folder === undefined) continue;
    const judged = await judge.judge(folder, when === 'end' ? join(out, 'sheet.png') : undefined);
    ({ references, shown } = judged);
    for (const [weights, directions] of Object.entries(judged.byWeights))
      judgements.push({ at: when, step: stepOf(folder), weights, directions });
  }
  return { references, judgements, shown };
}

/** @param {string} folder `…/step-0000500` */
function stepOf(folder) {
  return Number(basename(folder).slice('step-'.length));
}
