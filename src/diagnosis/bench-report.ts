/**
 * What `cyclebox bench` measured: plain data, printed as text or as one JSON document. Each row was measured in a process
 * of its own; one that could not be measured has a reason in the place of its figures.
 */
import type { DeviceReport, EngineChoice, EngineId, Precision, SkippedDevice } from '../engine/index.js';
import type { MachineReport } from './report.js';

/** Milliseconds of the same work, done again and again. */
export interface RunTimes {
  /** From nothing to ready: the library, the device, the network. */
  readonly loadMs: number;
  /** The first run, in which engines still prepare for the size. It counts for nothing else. */
  readonly firstMs: number;
  readonly runs: number;
  readonly medianMs: number;
  /** Nine runs of ten took at least, and at most, so long. */
  readonly lowMs: number;
  readonly highMs: number;
}

export type Unmeasured = { readonly reason: string };

interface Place {
  readonly engine: EngineId;
  /** The device's id: `cpu`, `cuda:1`. */
  readonly device: EngineChoice;
}

/** Square pictures of `size` pixels, from pixels to pixels: files are neither read nor written. */
export type TranslationRow = Place & {
  readonly size: number;
  readonly precision: Precision;
} & ((RunTimes & { readonly imagesPerSecond: number; readonly tiles: number }) | Unmeasured);

/** One CycleGAN step: both generators, both discriminators, their gradients and Adam, in float32. */
export interface TrainingSize {
  readonly size: number;
  readonly width: number;
  readonly blocks: number;
  readonly batch: number;
}

/** `imagesPerSecond` counts both domains, as `cyclebox train` does. */
export type TrainingRow = Place &
  TrainingSize &
  ((RunTimes & { readonly stepsPerSecond: number; readonly imagesPerSecond: number }) | Unmeasured);

export interface BenchReport {
  readonly cyclebox: string;
  readonly node: string;
  readonly machine: MachineReport;
  /** What was translated. */
  readonly model: { readonly path: string; readonly pair?: string | undefined; readonly to?: string | undefined };
  readonly secondsPerRow: number;
  readonly devices: readonly DeviceReport[];
  /** Devices that were not measured, and why. */
  readonly leftOut: readonly SkippedDevice[];
  readonly translation: readonly TranslationRow[];
  readonly training: readonly TrainingRow[];
}
