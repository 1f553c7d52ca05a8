/**
 * Why an engine cannot work on this machine, where that is plain without trying it, and what would make one work that
 * could: a missing graphics card has no remedy. Where one command does it, the message ends with it, after `run:`; it is
 * read off there, since errors cross processes as messages.
 */

import { type Accelerators, findAccelerators } from './accelerators.js';
import type { EngineId } from './contract.js';

/** One sentence; undefined where only trying will tell. */
export function whyImpossible(
  engine: EngineId,
  { nvidia, any }: Accelerators = findAccelerators(),
  platform: NodeJS.Platform = process.platform,
): string | undefined {
  switch (engine) {
    case 'cuda':
    case 'tensorrt':
      return nvidia > 0 ? undefined : 'This machine has no NVIDIA GPU.';
    case 'webgpu':
      return any ? undefined : 'This machine has no GPU: there is no device in /dev/dri.';
    case 'directml':
      return platform === 'win32' ? undefined : 'It exists on Windows only.';
    case 'coreml':
      return platform === 'darwin' ? undefined : 'It exists on macOS only.';
    case 'cpu':
    case 'tfjs':
    case 'reference':
      return undefined;
    default:
      return engine satisfies never;
  }
}

/** What to do about an engine of ONNX Runtime that its package knows and that does not work: for the end of a message. */
export function remedyOf(
  engine: Exclude<EngineId, 'tfjs' | 'reference'>,
  { nvidia }: Accelerators = findAccelerators(),
  platform: NodeJS.Platform = process.platform,
): string {
  switch (engine) {
    case 'cpu':
      return 'Run: npm ci';
    case 'webgpu':
      if (platform !== 'linux') return "Install the graphics card's driver.";
      // NVIDIA's Vulkan driver comes with its own; what is missing then is the loader.
      return nvidia > 0
        ? 'Install the Vulkan loader; on Debian or Ubuntu, run: sudo apt-get install libvulkan1'
        : "Install the graphics card's Vulkan driver and the Vulkan loader; on Debian or Ubuntu, run: sudo apt-get install libvulkan1 mesa-vulkan-drivers";
    case 'cuda':
      return installCuda;
    case 'tensorrt':
      return `Install TensorRT 10. ${installCuda}`;
    case 'directml':
      return "Update Windows and the graphics card's driver.";
    case 'coreml':
      return 'Update macOS.';
    default:
      return engine satisfies never;
  }
}

const installCuda =
  'Install an NVIDIA driver, CUDA 12 and cuDNN 9, then run: ' +
  'node node_modules/onnxruntime-node/script/install.js --onnxruntime-node-install=cuda12';

/** The command that a reason ends with (`Run: npm ci`); undefined where it names none. */
export function commandIn(reason: string): string | undefined {
  return /\brun: (\S.*?)[.\s]*$/i.exec(reason)?.[1];
}
