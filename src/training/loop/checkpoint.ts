/**
 * A checkpoint is a folder `step-0000500` with the variables and image pools as safetensors and `state.json`, which is
 * written last: a folder without it was interrupted and does not count. Which are kept is retention.ts's business.
 */
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CycleboxError, type RandomState, writeFileAtomic } from '../../base/index.js';
import { readSafetensorsFile, type WeightTensors, writeSafetensorsFile } from '../../nets/index.js';
import type { SamplerState } from '../data/unpaired-sampler.js';
import type { RunSettings } from '../run-options.js';
import type { TrainingSettings } from '../settings.js';
import { poolsOfFormat1, settingsOfFormat1 } from './checkpoint-format-1.js';
import { type VariablePart, variableParts } from './variables.js';

const formatVersion = 2;

/** The engine that a run was on: it goes on there to the bit. */
export interface CheckpointPlace {
  readonly engine: string;
  readonly threads?: number | undefined;
}

export interface CheckpointState {
  readonly settings: TrainingSettings;
  readonly run?: RunSettings | undefined;
  readonly place?: CheckpointPlace | undefined;
  /** Steps done. */
  readonly step: number;
  readonly sampler: SamplerState;
  readonly poolRandom: RandomState;
  readonly drawRandom?: RandomState | undefined;
}

export interface Checkpoint extends Readonly<Record<VariablePart, WeightTensors>> {
  readonly state: CheckpointState;
  /** `fakeA/0000`, …: stored images, `[elements]`, by what is handed on. */
  readonly pools: WeightTensors;
}

const parts = [...variableParts, 'pools'] as const;

const folderOf = (out: string) => join(out, 'checkpoints');

/** Writes a checkpoint, whole or not at all, and returns its folder. */
export async function writeCheckpoint(out: string, checkpoint: Checkpoint): Promise<string> {
  const folder = join(folderOf(out), `step-${String(checkpoint.state.step).padStart(7, '0')}`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const part of parts) await writeSafetensorsFile(join(folder, `${part}.safetensors`), checkpoint[part]);
  const state = { format: formatVersion, ...checkpoint.state };
  await writeFileAtomic(join(folder, 'state.json'), `${JSON.stringify(state, undefined, 2)}\n`);
  return folder;
}

/** The latest complete checkpoint. @throws CHECKPOINT_INVALID when there is none or it cannot be read. */
export async function readLatestCheckpoint(out: string): Promise<Checkpoint> {
  for (const folder of (await listCheckpoints(out)).reverse()) {
    if (await isComplete(folder)) return readCheckpoint(folder);
  }
  const message = `${out} holds no complete checkpoint to resume from. Start without --resume.`;
  throw new CycleboxError('CHECKPOINT_INVALID', message, { subject: { file: out } });
}

/** @param folder of one checkpoint @throws CHECKPOINT_INVALID */
export async function readCheckpoint(folder: string): Promise<Checkpoint> {
  const { format, state } = parseState(await readFile(join(folder, 'state.json'), 'utf8'), folder);
  const read = async (part: (typeof parts)[number]): Promise<WeightTensors> => {
    if (format === 1 && part === 'averages') return {};
    return (await readSafetensorsFile(join(folder, `${part}.safetensors`))).tensors;
  };
  const [weights, moments, averages, pools] = await Promise.all(parts.map(read));
  return {
    state,
    weights: weights!,
    moments: moments!,
    averages: averages!,
    pools: format === 1 ? poolsOfFormat1(pools!) : pools!,
  };
}

export async function hasCheckpoint(out: string): Promise<boolean> {
  return (await listCheckpoints(out)).length > 0;
}

export async function isComplete(folder: string): Promise<boolean> {
  return readFile(join(folder, 'state.json')).then(
    () => true,
    () => false,
  );
}

/** Checkpoint folders, oldest first. */
export async function listCheckpoints(out: string): Promise<string[]> {
  const names = await readdir(folderOf(out)).catch(() => [] as string[]);
  return names
    .filter(name => /^step-\d+$/.test(name))
    .sort()
    .map(name => join(folderOf(out), name));
}

function parseState(text: string, folder: string): { readonly format: 1 | 2; readonly state: CheckpointState } {
  try {
    const { format, ...state } = JSON.parse(text) as CheckpointState & { format: number };
    if (format === formatVersion) return { format, state };
    if (format === 1) return { format, state: { ...state, settings: settingsOfFormat1(state.settings) } };
  } catch {
    // Falls through to the same message: neither can be read.
  }
  const message = `${join(folder, 'state.json')} is not a checkpoint of this version. Remove the folder to go back to the one before.`;
  throw new CycleboxError('CHECKPOINT_INVALID', message, { subject: { file: folder } });
}
