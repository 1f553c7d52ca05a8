/**
 * Where a run begins, fresh or from a checkpoint: all that is known of it before a device is opened. From here on nothing
 * can tell the two apart.
 */
import { availableParallelism } from 'node:os';
import type { Clock } from '../../base/index.js';
import type { Engine, EngineChoice } from '../../engine/index.js';
import { type DataSurvey, epochLength, geometryOf, surveyData } from '../data/index.js';
import type { TrainingOptions } from '../options.js';
import { type RunOptions, type RunSettings, resolveRunSettings } from '../run-options.js';
import { dataSettings, resolveTrainingSettings, resumedSettings, type TrainingSettings } from '../settings.js';
import { type Checkpoint, type CheckpointDevice, readLatestCheckpoint } from './checkpoint.js';
import type { FindMetric } from './run-evaluator.js';
import type { TrainingEngine } from './training-parts.js';

export interface TrainerOptions extends RunOptions, TrainingEngine {
  /** For metrics of plugins. */
  readonly findMetric?: FindMetric | undefined;
  readonly clock?: Clock | undefined;
}

export interface RunStart {
  readonly settings: TrainingSettings;
  readonly run: RunSettings;
  readonly engine: TrainingEngine;
  /** Steps done. */
  readonly step: number;
  /** What there is in the folders. */
  readonly survey: DataSurvey;
  readonly checkpoint: Checkpoint | undefined;
  readonly clock: Clock | undefined;
  readonly findMetric?: FindMetric | undefined;
}

/** @throws USAGE, DATASET_EMPTY, FILE_NOT_FOUND */
export async function freshStart(options: TrainingOptions, trainer: TrainerOptions): Promise<RunStart> {
  const { run: given, engine, clock, findMetric } = splitOptions(trainer);
  const run = resolveRunSettings(given);
  const asked = resolveTrainingSettings(options);
  const survey = await surveyData(dataSettings(asked));
  return { settings: withSteps(asked, survey), run, engine, step: 0, survey, checkpoint: undefined, clock, findMetric };
}

const defaultEpochs = 200;

/** With the number of steps settled. */
function withSteps(settings: TrainingSettings, survey: DataSurvey): TrainingSettings {
  if (settings.steps > 0) return settings;
  const images = epochLength(survey, geometryOf(dataSettings(settings)));
  const steps = Math.ceil((defaultEpochs * images) / (settings.batch * settings.accumulate));
  return Object.freeze({ ...settings, steps });
}

/** On the engine, and with as many threads, as the run was on, unless others are named. @throws CHECKPOINT_INVALID, USAGE */
export async function resumedStart(
  out: string,
  training: Partial<TrainingOptions>,
  trainer: TrainerOptions,
): Promise<RunStart> {
  const checkpoint = await readLatestCheckpoint(out);
  const { settings: began, run: ran, place, step } = checkpoint.state;
  const settings = resumedSettings(began, { ...training, out });
  const { run, engine, clock, findMetric } = splitOptions(trainer);
  const { stopAt: _, acceptChangedData: __, ...before } = ran ?? {};
  const earlier = { engine: place?.engine as EngineChoice | undefined, threads: place?.threads };
  return {
    settings,
    run: resolveRunSettings({ ...before, ...run }),
    engine: { ...earlier, ...engine },
    step,
    survey: await surveyData(dataSettings(settings)),
    checkpoint,
    clock,
    findMetric,
  };
}

/** With the threads that "all" stands for, so that the run goes on with as many. */
export function checkpointDevice({ device }: Engine, { threads }: TrainingEngine): CheckpointDevice {
  const { id, kind } = device;
  return kind === 'cpu' ? { engine: id, threads: threads ?? availableParallelism() } : { engine: id };
}

/** What was given as undefined was not given. */
function splitOptions(options: TrainerOptions) {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const { clock, findMetric, engine, threads, memoryCheck, onDeviceSkipped, openEngine, ...run } =
    given as TrainerOptions;
  const place = { engine, threads, memoryCheck, onDeviceSkipped, openEngine };
  const placed = Object.fromEntries(Object.entries(place).filter(([, value]) => value !== undefined));
  return { clock, findMetric, run, engine: placed as TrainingEngine };
}
