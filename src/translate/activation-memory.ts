/**
 * How much memory a network's activations take at a picture's size: an estimate, made before the run, that decides
 * between one piece and tiles. Not an account of all memory: weights and the picture itself come on top.
 *
 * The peak is proportional to pixels × width (the channels of the first layer, where nearly all of it is). What was
 * measured with ONNX Runtime on the CPU, as growth of the process's peak memory over that of a tiny run, in floats per
 * pixel and channel: resnet of width 16: 5.9 (512²); width 32: 5.5 (512² and 1024²); width 64: 3.0 (256², 768²) to
 * 5.1 (512²); U-Net of width 64, whose first layer has half the resolution: 1.7 (1536²).
 */

import { machineMemoryBytes } from '../base/index.js';
import type { Device } from '../engine/index.js';
import { metadataKeys } from '../onnx/index.js';
import type { SizeRule } from './tensor-pixels.js';

/** Floats per pixel and channel of the first layer: the measurements above, rounded up. */
const floatsPerPixelAndChannel = { resnet: 6, unet: 2 };

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
  const { kind, width } = architecture(facts.metadata[metadataKeys.architecture]) ?? {
    kind: 'resnet',
    width: widthFromSize(facts.fileBytes),
  };
  return 4 * floatsPerPixelAndChannel[kind] * Math.max(narrowest, width);
}

interface Architecture {
  readonly kind: keyof typeof floatsPerPixelAndChannel;
  readonly width: number;
}

function architecture(json: string | undefined): Architecture | undefined {
  try {
    const { kind, width } = JSON.parse(json ?? '{}') as { kind?: unknown; width?: unknown };
    if (typeof width !== 'number' || !(width > 0)) return undefined;
    return { kind: kind === 'unet' ? 'unet' : 'resnet', width };
  } catch {
    return undefined;
  }
}

/** A file that does not say what it holds is taken for a resnet_9 of the width that gives its size. */
function widthFromSize(fileBytes: number): number {
  return Math.sqrt(fileBytes / 4 / weightsPerSquaredWidth);
}

/** Half of the memory that this process may use. */
export function defaultMemoryLimitBytes(): number {
  return Math.floor(machineMemoryBytes() / 2);
}

/** Of a device's own memory: drivers, weights and whatever else runs there want the rest. */
const shareOfDevice = 0.6;
/** Where nobody says how much memory a device has: what all but the smallest have free. */
const unknownDeviceBytes = 2 * 2 ** 30;

/** The default for a device: of the machine's memory when it works there, else of its own. */
export function memoryLimitOf(device: Device): number {
  if (device.kind === 'cpu') return defaultMemoryLimitBytes();
  if (device.memoryBytes !== undefined) return Math.floor(device.memoryBytes * shareOfDevice);
  return Math.min(unknownDeviceBytes, defaultMemoryLimitBytes());
}

/** What sizes the network takes, from its metadata; a file that does not say takes multiples of 4. */
export function sizeRule(metadata: Readonly<Record<string, string>>): SizeRule {
  const named = Number(metadata[metadataKeys.sizeMultiple]);
  const multiple = Number.isInteger(named) && named >= 1 && named <= 4096 ? named : 4;
  return { multiple, minimum: 16 };
}

/** The shorter side that whole training images were scaled to, in pixels; undefined when the metadata do not say. */
export function trainedSizeOf(metadata: Readonly<Record<string, string>>): number | undefined {
  const named = Number(metadata[metadataKeys.trainedSize]);
  return Number.isInteger(named) && named >= 1 && named <= 65_535 ? named : undefined;
}
