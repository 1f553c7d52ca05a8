/** How an engine is asked for on the command line, and how a device that could not be taken is told about. */
import type { PassedOver } from '../engine/index.js';

export const engineHelp =
  'auto, cpu, webgpu, cuda, tensorrt, directml, coreml or tfjs; cuda:1 is the second GPU (default: auto)';

/** A note on stderr: the work goes on, on another device. */
export function printPassedOver({ choice, reason }: PassedOver): void {
  process.stderr.write(`${choice} is passed over: ${reason}\n`);
}
