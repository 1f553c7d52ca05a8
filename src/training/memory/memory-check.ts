/**
 * Refuses a training that does not fit into the memory there is, before anything of it starts, with settings that would fit.
 * It says nothing of how much is free just now: other programs come and go.
 */
import { CycleboxError, machineMemoryBytes } from '../../base/index.js';
import type { Device, Engine } from '../../engine/index.js';
import type { TrainingSettings } from '../settings.js';
import { estimateMemory, type MemoryEstimate } from './memory-estimate.js';

/** In bytes; undefined where nobody says. */
export interface AvailableMemory {
  readonly machine: number;
  readonly device: number | undefined;
}

export function availableMemory({ kind, memoryBytes }: Device): AvailableMemory {
  return { machine: machineMemoryBytes(), device: kind === 'gpu' ? memoryBytes : undefined };
}

export function fitsMemory({ total, onDevice }: MemoryEstimate, available: AvailableMemory): boolean {
  if (available.device !== undefined && onDevice > available.device) return false;
  return total <= available.machine;
}

/** Where a training is to run. */
export type TrainingPlace = Pick<Engine, 'device' | 'prefersFewOperations'>;

/** @throws OUT_OF_MEMORY naming what it needs, what there is, and which option to lower to what */
export function requireMemory(
  settings: TrainingSettings,
  { device, prefersFewOperations }: TrainingPlace,
  available: AvailableMemory = availableMemory(device),
): void {
  const estimateOf = (each: TrainingSettings) => estimateMemory(each, prefersFewOperations);
  const estimate = estimateOf(settings);
  if (fitsMemory(estimate, available)) return;
  const { pair, batch, size, width } = settings;
  const needs = `Training ${pair} with batch ${batch}, crops of ${size}, width ${width} needs about ${needed(estimate, device, available)}`;
  const off = 'The estimate can be a third off: --no-memory-check tries all the same.';
  throw new CycleboxError(
    'OUT_OF_MEMORY',
    `${needs}. ${advice(settings, each => fitsMemory(estimateOf(each), available))} ${off}`,
    { subject: { pair } },
  );
}

function needed({ onDevice, total }: MemoryEstimate, device: Device, available: AvailableMemory): string {
  if (available.device !== undefined && onDevice > available.device) {
    return `${gigabytes(onDevice)} on ${device.name} (${device.id}), which has ${gigabytes(available.device)}`;
  }
  return `${gigabytes(total)} of memory, and this machine has ${gigabytes(available.machine)}`;
}

/** The first of ever smaller trainings that fits, as options. */
function advice(settings: TrainingSettings, fits: (settings: TrainingSettings) => boolean): string {
  for (const smaller of smallerSettings(settings)) {
    if (fits(lowered(settings, smaller))) return `Give ${options(smaller)}.`;
  }
  return 'No smaller batch, crop or width would do here.';
}

/** As if it had been asked for: the discriminators are as wide as the generators, unless they were set apart. */
function lowered(settings: TrainingSettings, smaller: Smaller): TrainingSettings {
  const follows = settings.discriminatorWidth === settings.width && smaller.width !== undefined;
  return { ...settings, ...smaller, ...(follows && { discriminatorWidth: smaller.width! }) };
}

type Smaller = Partial<Pick<TrainingSettings, 'batch' | 'accumulate' | 'size' | 'sizes' | 'width'>>;

/** The batch first, which changes the result least: several runs can make up for it. Then the crops, then the networks. */
function* smallerSettings(settings: TrainingSettings): Generator<Smaller> {
  const together = settings.batch * settings.accumulate;
  for (let batch = Math.floor(settings.batch / 2); batch >= 1; batch = Math.floor(batch / 2)) {
    yield { batch, accumulate: Math.round(together / batch) };
  }
  let least: Smaller = settings.batch > 1 ? { batch: 1 } : {};
  for (let size = halved(settings.size); size >= smallestSize; size = halved(size)) {
    least = { ...least, size, sizes: [size] };
    yield least;
  }
  for (let width = Math.floor(settings.width / 2); width >= 4; width = Math.floor(width / 2)) yield { ...least, width };
}

/** Smaller crops show too little of anything. */
const smallestSize = 64;
const halved = (size: number): number => Math.floor(size / 8) * 4;

function options({ batch, accumulate, size, width }: Smaller): string {
  return [
    ...(batch === undefined ? [] : [`--batch ${batch}`]),
    ...(accumulate === undefined ? [] : [`--accumulate ${accumulate}`]),
    ...(size === undefined ? [] : [`--size ${size}`]),
    ...(width === undefined ? [] : [`--width ${width}`]),
  ].join(' ');
}

/** `24.7 GB`: decimal, as machines are sold. */
function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(bytes < 1e10 ? 1 : 0)} GB`;
}
