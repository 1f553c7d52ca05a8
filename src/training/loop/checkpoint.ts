/**
 * A checkpoint is a folder `step-000500` with `weights`, `moments` and `pools` as safetensors and `state.json`, which is
 * written last: a folder without it was interrupted and does not count. The two latest are kept.
 */
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CycleboxError, type RandomState, writeFileAtomic } from '../../base/index.js';
import { readSafetensorsFile, type WeightTensors, writeSafetensorsFile } from '../../nets/index.js';
import type { SamplerState } from '../data/unpaired-sampler.js';
import type { TrainingSettings } from '../settings.js';

const formatVersion = 1;
const kept = 2;

export interface CheckpointState {
  readonly settings: TrainingSettings;
  /** Steps done. */
  readonly step: number;
  readonly sampler: SamplerState;
  readonly poolRandom: RandomState;
}

export interface Checkpoint {
  readonly state: CheckpointState;
  readonly weights: WeightTensors;
  readonly moments: WeightTensors;
  /** `A/000`, `B/000`, …: stored images, `[elements]`. */
  readonly pools: WeightTensors;
}

const folderOf = (out: string) => join(out, 'checkpoints');

/** Writes a checkpoint and removes those that are no longer needed. Returns its folder. */
export async function writeCheckpoint(out: string, checkpoint: Checkpoint): Promise<string> {
  const folder = join(folderOf(out), `step-${String(checkpoint.state.step).padStart(7, '0')}`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const part of ['weights', 'moments', 'pools'] as const) {
    await writeSafetensorsFile(join(folder, `${part}.safetensors`), checkpoint[part]);
  }
  const state = { format: formatVersion, ...checkpoint.state };
  await writeFileAtomic(join(folder, 'state.json'), `${JSON.stringify(state, undefined, 2)}\n`);
  await sweep(out);
  return folder;
}

/** The latest complete checkpoint. @throws CHECKPOINT_INVALID when there is none or it cannot be read. */
export async function readLatestCheckpoint(out: string): Promise<Checkpoint> {
  for (const folder of (await list(out)).reverse()) {
    const text = await readFile(join(folder, 'state.json'), 'utf8').catch(() => undefined);
    if (text === undefined) continue;
    const [weights, moments, pools] = await Promise.all(
      ['weights', 'moments', 'pools'].map(async part => {
        const { tensors } = await readSafetensorsFile(join(folder, `${part}.safetensors`));
        return tensors;
      }),
    );
    return { state: parseState(text, folder), weights: weights!, moments: moments!, pools: pools! };
  }
  const message = `${out} holds no complete checkpoint to resume from. Start without --resume.`;
  throw new CycleboxError('CHECKPOINT_INVALID', message, { subject: { file: out } });
}

export async function hasCheckpoint(out: string): Promise<boolean> {
  return (await list(out)).length > 0;
}

function parseState(text: string, folder: string): CheckpointState {
  try {
    const { format, ...state } = JSON.parse(text) as CheckpointState & { format: number };
    if (format === formatVersion) return state;
  } catch {
    // Falls through to the same message: neither can be read.
  }
  const message = `${join(folder, 'state.json')} is not a checkpoint of this version. Remove the folder to go back to the one before.`;
  throw new CycleboxError('CHECKPOINT_INVALID', message, { subject: { file: folder } });
}

async function sweep(out: string): Promise<void> {
  const old = (await list(out)).slice(0, -kept);
  await Promise.all(old.map(folder => rm(folder, { recursive: true, force: true })));
}

/** Checkpoint folders, oldest first. */
async function list(out: string): Promise<string[]> {
  const names = await readdir(folderOf(out)).catch(() => [] as string[]);
  return names
    .filter(name => /^step-\d+$/.test(name))
    .sort()
    .map(name => join(folderOf(out), name));
}
