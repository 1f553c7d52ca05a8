/** A model's bytes as a session gets them: rewritten for the precision that is asked for. */
import { CycleboxError } from '../../base/index.js';
import { type ModelRanges, quantiseModel, toHalfPrecision } from '../../onnx/index.js';
import type { Device, LoadOptions } from '../contract.js';

/** @throws ENGINE_UNAVAILABLE where the device has no such precision or the model is not made for it; MODEL_INVALID */
export function writtenFor(
  bytes: Uint8Array,
  file: string,
  device: Device,
  { precision = 'float32', ranges, kernelBits }: LoadOptions,
): Uint8Array {
  switch (precision) {
    case 'float32':
      return bytes;
    case 'float16':
      return toHalfPrecision(bytes, file);
    case 'int8':
      return quantiseModel(bytes, requireRanges(ranges, file, device), { file, kernelBits });
    default:
      return precision satisfies never;
  }
}

function requireRanges(ranges: ModelRanges | undefined, file: string, device: Device): ModelRanges {
  if (device.kind !== 'cpu') {
    const message = `int8 is for the CPU, and ${device.id} is none (${device.name}). Take --engine cpu, or --precision float16.`;
    throw new CycleboxError('ENGINE_UNAVAILABLE', message);
  }
  if (ranges) return ranges;
  const message =
    `${file} is not calibrated for int8: nobody has measured how far its values go. Take --precision float32, or calibrate it on ` +
    `images of what it translates from: cyclebox models quantize FILE --images DIR --judge DIR`;
  throw new CycleboxError('ENGINE_UNAVAILABLE', message, { subject: { file } });
}
