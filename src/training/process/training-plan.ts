/** What a training would be: `cyclebox train --explain`. Plain data, printed as text or as one JSON document. */
import type { ErrorData } from '../../base/index.js';
import type { Device } from '../../engine/index.js';
import type { DataReport } from '../data/index.js';
import type { MemoryEstimate } from '../memory/index.js';
import type { RunSettings } from '../run-options.js';
import type { TrainingSettings } from '../settings.js';

export interface PlannedNetwork {
  /** `G_A` */
  readonly name: string;
  /** `resnet_6blocks, width 32, 3 → 3 channels` */
  readonly what: string;
  /** Trained values. */
  readonly parameters: number;
}

export interface PlannedStage {
  /** Side of the crops, pixels. */
  readonly size: number;
  /** Steps of the stage that are still to be taken. */
  readonly steps: number;
  readonly compileMs: number;
  /** Of the step, by the steps that were taken to find out, the first one aside. */
  readonly stepMs: number;
}

export interface TrainingPlan {
  readonly settings: TrainingSettings;
  readonly run: RunSettings;
  readonly device: Device;
  /** What a step computes, in a sentence. */
  readonly recipe: string;
  readonly networks: readonly PlannedNetwork[];
  /** What is in the folders. */
  readonly data: readonly DataReport[];
  /** Of all images, decoded and kept, in bytes; they are kept while there is room. */
  readonly dataBytes: number;
  /** Steps in a pass over the larger folder. */
  readonly stepsPerEpoch: number;
  /** Steps done, of `settings.steps`. */
  readonly step: number;
  readonly memory: MemoryEstimate;
  /** Of the machine and, where it has some of its own, of the device, in bytes. */
  readonly availableMemory: { readonly machine: number; readonly device: number | undefined };
  /** Empty when it was refused. */
  readonly stages: readonly PlannedStage[];
  /** All steps that are still to be taken, without samples and checkpoints; undefined when it was refused. */
  readonly totalMs: number | undefined;
  /** The most that this process has held so far, with the steps above, in bytes. */
  readonly peakBytes: number;
  /** Why it cannot be trained as it is: it does not fit into memory. */
  readonly refusal: ErrorData | undefined;
}
