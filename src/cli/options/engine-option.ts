/** How an engine is asked for on the command line, and how a device that could not be taken is told about. */
import type { SkippedDevice } from '../../engine/index.js';

export const engineHelp =
  'auto, cpu, webgpu, cuda, tensorrt, directml, coreml or tfjs; cuda:1 is the second GPU (default: auto)';

/** A note on stderr about a device that is there and fails: the work goes on elsewhere. The rest is `cyclebox doctor`'s. */
export function printSkippedDevice({ choice, reason, fault }: SkippedDevice): void {
  if (fault) process.stderr.write(`${choice} is skipped: ${reason}\n`);
}
