/** Which checkpoints stay: the latest ones, the best, and one of every so many steps. */
import { rm } from 'node:fs/promises';
import { basename } from 'node:path';
import type { RunSettings } from '../run-options.js';
import { listCheckpoints } from './checkpoint.js';

/** @param best step of the checkpoint that must stay, if any */
export async function removeOldCheckpoints(
  out: string,
  { keep, keepEvery }: Pick<RunSettings, 'keep' | 'keepEvery'>,
  best?: number,
): Promise<void> {
  const folders = await listCheckpoints(out);
  const steps = folders.map(folder => Number(basename(folder).slice('step-'.length)));
  const spared = new Set([...steps.slice(-keep), ...firstOfEvery(steps, keepEvery), best]);
  const old = folders.filter((_, index) => !spared.has(steps[index]!));
  await Promise.all(old.map(folder => rm(folder, { recursive: true, force: true })));
}

/** The first of `steps`, which ascend, in every stretch of `every`; none when `every` is 0. */
function firstOfEvery(steps: readonly number[], every: number): number[] {
  if (every === 0) return [];
  const stretch = (step: number) => Math.floor(step / every);
  return steps.filter((step, index) => step >= every && stretch(step) !== stretch(steps[index - 1] ?? -1));
}
