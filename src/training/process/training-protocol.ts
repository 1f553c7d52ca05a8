/**
 * What is said between a training in a process of its own and whoever started it. One long call, `train`: its reply is how
 * the training ended, its error is why it failed; meanwhile come the events, and the short calls steer it. Paths, settings and
 * numbers cross; images and weights never do.
 */
import type { ProtocolName } from '../../process/index.js';
import type { DeviceOptions } from '../device-options.js';
import type { Losses } from '../loop/index.js';
import type { TrainingOptions } from '../options.js';
import type { TrainingPluginPlaces } from '../plugins/index.js';
import type { RunOptions } from '../run-options.js';
import type { TrainingEvent } from '../training-event.js';
import type { TrainingPlan } from './training-plan.js';

export const trainingProtocol: ProtocolName = { name: 'training', version: 1 };

/** What is to be trained: a fresh run, or one that goes on from its folder's latest checkpoint. */
export type TrainingOrder = {
  readonly run: RunOptions;
  readonly place: DeviceOptions;
  /** Time between two `progress` events, at least. The last step's is always sent. */
  readonly progressEveryMs: number;
  /** Where recipes and metrics of plugins are found; absent: among those that come with cyclebox. */
  readonly plugins?: TrainingPluginPlaces | undefined;
} & (
  | { readonly resume: false; readonly training: TrainingOptions }
  | { readonly resume: true; readonly out: string; readonly training: Partial<TrainingOptions> }
);

export interface TrainingResult {
  /** All steps were taken, or patience was over; it was asked to stop; it came to the step of `stopAt`. */
  readonly ended: 'finished' | 'stopped' | 'stop-at';
  /** Steps done, of `steps`. */
  readonly step: number;
  readonly steps: number;
  /** The run's folder, from which it can be resumed. */
  readonly out: string;
  /** Folder of the finished pair; undefined unless `finished`. */
  readonly plugin: string | undefined;
  /** Of the last step; empty when none was taken. */
  readonly losses: Losses;
  /** Of the last evaluation; empty when there was none. */
  readonly metrics: Readonly<Record<string, number>>;
}

export interface TrainingStatus {
  readonly state: 'idle' | 'preparing' | 'training' | 'stopping';
  readonly pid: number;
  /** Steps done, of `steps`; 0 until it is known. */
  readonly step: number;
  readonly steps: number;
  readonly losses: Losses;
  readonly residentBytes: number;
}

/** What a training answers, at the end of the step under way. */
export interface TrainingApi {
  /** @throws USAGE, FILE_EXISTS, DATASET_EMPTY, CHECKPOINT_INVALID, OUT_OF_MEMORY, TRAINING_DIVERGED, WRITE_FAILED, … */
  train(order: TrainingOrder): TrainingResult;
  /** Settings, data, memory and time of a training, without training. Writes nothing. */
  explain(order: TrainingOrder): TrainingPlan;
  /** Ends after the step under way, with a checkpoint: `train` replies then. */
  stop(request: null): void;
  /** Writes a checkpoint and returns its folder. @throws CANCELLED when nothing is being trained */
  checkpoint(request: null): string;
  /** Writes a sheet of samples and returns its file. @throws CANCELLED */
  sample(request: null): string;
  /** Writes the generators as they are as a plugin folder, and returns it. @throws CANCELLED */
  export(request: null): string;
  status(request: null): TrainingStatus;
}

/** What a training tells, unasked. */
export interface TrainingListener {
  event(event: TrainingEvent): void;
}
