/**
 * A checkpoint is a folder `step-0000500` with the variables and image pools as safetensors and `state.json`. It is written
 * under another name and gets its own when it is complete: whatever happens meanwhile, the one before stays as it was.
 * Which are kept is retention.ts's business.
 */
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  CycleboxError,
  type RandomState,
  readRegularFile,
  readRegularText,
  syncFolder,
  writeFileAtomic,
} from '../../base/index.js';
import { readSafetensorsFile, type WeightTensors, writeSafetensorsFile } from '../../nets/index.js';
import { isAlive } from '../../process/index.js';
import type { DataState } from '../data/index.js';
import type { RunSettings } from '../run-options.js';
import type { TrainingSettings } from '../settings.js';
import type { BestSoFar } from './best-so-far.js';
import { laterOptions, poolsOfFormat1, settingsOfFormat1 } from './checkpoint-format-1.js';
import { type VariablePart, variableParts } from './variables.js';

const formatVersion = 2;

/** The engine that a run was on: it goes on there to the bit. */
export interface CheckpointDevice {
  readonly engine: string;
  readonly threads?: number | undefined;
}

export interface CheckpointState {
  readonly settings: TrainingSettings;
  readonly run?: RunSettings | undefined;
  readonly place?: CheckpointDevice | undefined;
  /** Steps done. */
  readonly step: number;
  readonly sampler: DataState;
  readonly poolRandom: RandomState;
  readonly drawRandom?: RandomState | undefined;
  readonly judged?: BestSoFar | undefined;
}

export interface Checkpoint extends Readonly<Record<VariablePart, WeightTensors>> {
  readonly state: CheckpointState;
  /** `fakeA/0000`, …: stored images, `[elements]`, by what is handed on. */
  readonly pools: WeightTensors;
}

const parts = [...variableParts, 'pools'] as const;
export type CheckpointPart = (typeof parts)[number];

/** What becomes a checkpoint: parts are read one after the other, so that no more than one of them is there as a copy. */
export interface Snapshot {
  readonly state: CheckpointState;
  readonly read: (part: CheckpointPart) => Promise<WeightTensors>;
}

const folderOf = (out: string) => join(out, 'checkpoints');

/** Writes a checkpoint, whole or not at all, and returns its folder. */
export async function writeCheckpoint(out: string, checkpoint: Snapshot): Promise<string> {
  const folder = join(folderOf(out), `step-${String(checkpoint.state.step).padStart(7, '0')}`);
  // A run comes to a step once: what is there already holds the same values, and only how the run is called may be new.
  if (await isComplete(folder)) await writeState(folder, checkpoint.state);
  else await writeNew(folder, checkpoint);
  return folder;
}

async function writeNew(folder: string, { state, read }: Snapshot): Promise<void> {
  await removeAbandoned(dirname(folder));
  const partial = `${folder}.partial-${process.pid}`;
  await mkdir(partial, { recursive: true });
  try {
    for (const part of parts) await writeSafetensorsFile(join(partial, `${part}.safetensors`), await read(part));
    await writeState(partial, state);
    await renameComplete(partial, folder);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

async function renameComplete(partial: string, folder: string): Promise<void> {
  // The last process of this run may have been killed, and yet have come to this step since: then its checkpoint stays.
  if (await isComplete(folder)) return;
  await rm(folder, { recursive: true, force: true }); // Without a state: 0.1.0 left such folders when it was killed.
  await rename(partial, folder);
  await syncFolder(dirname(folder));
}

/** What processes that were killed have left of their checkpoints takes room and is of no use. */
async function removeAbandoned(checkpoints: string): Promise<void> {
  const names = await readdir(checkpoints).catch(() => [] as string[]);
  const abandoned = names.filter(name => {
    const pid = Number(/\.partial-(\d+)$/.exec(name)?.[1]);
    return pid === process.pid || (pid > 0 && !isAlive(pid));
  });
  await Promise.all(abandoned.map(name => rm(join(checkpoints, name), { recursive: true, force: true })));
}

async function writeState(folder: string, state: CheckpointState): Promise<void> {
  const content = { format: formatVersion, ...state };
  await writeFileAtomic(join(folder, 'state.json'), `${JSON.stringify(content, undefined, 2)}\n`);
}

/** The latest complete checkpoint. @throws CHECKPOINT_INVALID when there is none or it cannot be read. */
export async function readLatestCheckpoint(out: string): Promise<Checkpoint> {
  const folder = await latestCheckpoint(out);
  if (folder !== undefined) return readCheckpoint(folder);
  const message = `${out} holds no complete checkpoint to resume from. Start without --resume.`;
  throw new CycleboxError('CHECKPOINT_INVALID', message, { subject: { file: out } });
}

/** The folder of the latest complete checkpoint of a run, if it has one. */
export async function latestCheckpoint(out: string): Promise<string | undefined> {
  for (const folder of (await listCheckpoints(out)).reverse()) if (await isComplete(folder)) return folder;
  return undefined;
}

/** @param folder of one checkpoint @throws CHECKPOINT_INVALID */
export async function readCheckpoint(folder: string): Promise<Checkpoint> {
  const { format, state } = parseState(await readRegularText(join(folder, 'state.json')), folder);
  const read = async (part: CheckpointPart): Promise<WeightTensors> => {
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
  return (await latestCheckpoint(out)) !== undefined;
}

export async function isComplete(folder: string): Promise<boolean> {
  return readRegularFile(join(folder, 'state.json')).then(
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
    if (format === formatVersion) {
      return { format, state: { ...state, settings: { ...laterOptions, ...state.settings } } };
    }
    if (format === 1) return { format, state: { ...state, settings: settingsOfFormat1(state.settings) } };
  } catch {
    // Falls through to the same message: neither can be read.
  }
  const message = `${join(folder, 'state.json')} is not a checkpoint of this version. Remove the folder to go back to the one before.`;
  throw new CycleboxError('CHECKPOINT_INVALID', message, { subject: { file: folder } });
}
