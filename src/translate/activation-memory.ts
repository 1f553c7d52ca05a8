/**
 * How much memory a network's activations take at a picture's size: an estimate, made before the run, that decides
 * between one piece and tiles. Not an account of all memory: weights and the picture itself come on top.
 *
 * The peak is proportional to pixels × width (the channels of the first layer, at full resolution, where nearly all
 * of it is): `floatsPerPixelAndChannel` copies of that layer live at once. docs and bench say how it was calibrated.
 */
import { totalmem } from 'node:os';
import type { SizeRule } from './tensor-pixels.js';

/** Copies of the first layer's output that are alive at the peak, with what the engine's kernels need beside them. */
const floatsPerPixelAndChannel = 5;

/** Weights of a resnet_9 generator are about 2778 · width². */
const weightsPerSquaredWidth = 2778;

const narrowest = 16;

/** What is known of a network without running it. */
export interface NetworkFacts {
  readonly metadata: Readonly<Record<string, string>>;
  /** Size of the model's file. */
  readonly fileBytes: number;
}

/** Bytes of activations for every pixel of the (padded) input. */
export function activationBytesPerPixel(facts: NetworkFacts): number {
  const width = widthFromArchitecture(facts.metadata['cyclebox.architecture']) ?? widthFromSize(facts.fileBytes);
  return 4 * floatsPerPixelAndChannel * Math.max(narrowest, width);
}

function widthFromArchitecture(json: string | undefined): number | undefined {
  if (json === undefined) return undefined;
  try {
    const { width } = JSON.parse(json) as { width?: unknown };
    return typeof width === 'number' && width > 0 ? width : undefined;
  } catch {
    return undefined;
  }
}

/** A file that does not say what it holds is taken for a resnet_9 of the width that gives its size. */
function widthFromSize(fileBytes: number): number {
  return Math.sqrt(fileBytes / 4 / weightsPerSquaredWidth);
}

/** Half of the memory that this process may use: of the machine's, or of its container's where that is less. */
export function defaultMemoryLimitBytes(): number {
  const constrained = process.constrainedMemory?.() ?? 0;
  const total = totalmem();
  return Math.floor((constrained > 0 && constrained < total ? constrained : total) / 2);
}

/** What sizes the network takes, from its metadata; a file that does not say takes multiples of 4. */
export function sizeRule(metadata: Readonly<Record<string, string>>): SizeRule {
  const named = Number(metadata['cyclebox.size_multiple']);
  const multiple = Number.isInteger(named) && named >= 1 && named <= 4096 ? named : 4;
  return { multiple, minimum: 16 };
}
