/**
 * What is found out about engines and their devices: plain data that crosses from the probing process to whoever
 * asked, and that `cyclebox doctor --json` prints.
 */
import type { Device, EngineChoice, EngineId } from '../contract.js';
import type { Int8Worth } from './int8-worth.js';

/** Seconds for a generator at a size, measured. */
export interface MeasuredSpeed {
  /** Of the square image, in pixels. */
  readonly size: number;
  readonly imagesPerSecond: number;
}

export interface DeviceReport {
  readonly device: Device;
  /** False for a software renderer: right, but slower than the CPU used directly. */
  readonly hardware: boolean;
  readonly float16: boolean;
  /** What int8 is worth there; only of the CPU, and only where speed was asked for. */
  readonly int8?: Int8Worth | undefined;
  /** The largest difference of the self-test's outputs from the CPU's numbers, where it passed. */
  readonly selfTestError: number;
  /** Only where it was asked for. */
  readonly speed?: MeasuredSpeed | undefined;
}

export type EngineReport =
  | {
      readonly engine: EngineId;
      readonly usable: true;
      /** `ONNX Runtime 1.30.0`, `TensorFlow.js 4.22.0, backend wasm`. */
      readonly version: string;
      readonly devices: readonly DeviceReport[];
      /** Devices of the same engine that did not pass; absent when all did. */
      readonly failed?: readonly SkippedDevice[];
    }
  | {
      readonly engine: EngineId;
      readonly usable: false;
      /** One sentence, and what would help: a command stands at its end. */
      readonly reason: string;
      /** That command by itself, where there is one. */
      readonly remedy?: string | undefined;
      /** As in `SkippedDevice`. */
      readonly fault?: boolean;
    };

/** An engine or device that `auto` did not take. */
export interface SkippedDevice {
  readonly choice: EngineChoice;
  readonly reason: string;
  /** True for what is installed and fails: it crashes, hangs or computes wrongly. */
  readonly fault?: boolean;
}
