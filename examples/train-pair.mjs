/**
 * Fits a new pair from two folders of images that do not belong together one by one:
 *
 *     node examples/train-pair.mjs photos/day photos/night runs/day-night
 *
 * Ctrl-C stops with a checkpoint; the same command goes on from there. What comes out is a plugin folder, ready for
 * `translate` and the daemon. docs/training.md says in which order to try larger sizes and other options.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { resumeTraining, train } from 'cyclebox';

const [a, b, out, steps = '2000', size = '64'] = process.argv.slice(2);
if (!a || !b || !out) throw new Error('Give two folders with images, and one for the run.');

/** Small enough for an evening on a laptop; size, width and blocks grow with the machine and the patience. */
const options = { a, b, out, pair: 'day-night', size: Number(size), width: 16, blocks: 3, steps: Number(steps) };
const run = { sampleEvery: 500, checkpointEvery: 500, progressEveryMs: 2000 };
const training = existsSync(join(out, 'checkpoints')) ? resumeTraining(out, {}, run) : train(options, run);

process.once('SIGINT', () => training.stop());
training.onEvent(event => {
  if (event.kind === 'progress') console.log(`step ${event.step} of ${event.steps}`, event.losses);
  if (event.kind === 'sample') console.log(`look at ${event.file}`);
  if (event.kind === 'warning') console.warn(`${event.message} ${event.advice}`);
});
const { ended, step, plugin } = await training.result;
console.log(ended === 'finished' ? `The pair is in ${plugin}.` : `Stopped at step ${step}; the same command goes on.`);
