/**
 * What is said to a process that tries one device of one engine. In steps, so that a device which dies of a later one
 * still has what it showed in the earlier ones.
 */
import type { ProtocolName } from '../../process/index.js';
import type { Device, EngineId } from '../contract.js';
import type { MeasuredSpeed } from './engine-report.js';
import type { Int8Worth } from './int8-worth.js';

export const probeProtocol: ProtocolName = { name: 'engine-probe', version: 1 };

export interface ProbedDevice {
  readonly device: Device;
  readonly version: string;
  readonly hardware: boolean;
  readonly selfTestError: number;
}

/** A generator to time: as JSON, with one input `image` of any height and width; what its variables hold does not matter. */
export interface SpeedTest {
  readonly graph: string;
  /** Sides of the square images, in pixels, smallest first. A size that would break the budget is left out. */
  readonly sizes: readonly number[];
  /** For all sizes together. */
  readonly budgetMs: number;
}

export interface ProbeApi {
  /** Opens the device and lets it pass the self-test. With `onlyHardware`, a software renderer fails before it. */
  open(params: {
    readonly engine: EngineId;
    readonly index: number | undefined;
    readonly onlyHardware: boolean;
  }): ProbedDevice;
  /** Whether it runs a model in float16, and right. */
  tryFloat16(params: null): boolean;
  /** What int8 is worth on it. */
  tryInt8(params: null): Int8Worth;
  /** At the largest size that the budget allows. */
  measure(params: SpeedTest): MeasuredSpeed;
}
