/** The one command that would make an engine usable, where a command can: a missing graphics card has none. */
import type { EngineId } from '../contract.js';
import { type Accelerators, findAccelerators } from './accelerators.js';

export function remedyFor(
  engine: EngineId,
  accelerators: Accelerators = findAccelerators(),
  platform: NodeJS.Platform = process.platform,
): string | undefined {
  switch (engine) {
    case 'cuda':
    case 'tensorrt':
      if (accelerators.nvidia === 0 || platform !== 'linux') return undefined;
      return 'ONNXRUNTIME_NODE_INSTALL=cuda12 node node_modules/onnxruntime-node/script/install.js';
    case 'webgpu':
      if (!accelerators.any || platform !== 'linux') return undefined;
      return 'sudo apt-get install libvulkan1 mesa-vulkan-drivers';
    case 'tfjs':
      if (accelerators.nvidia > 0) return 'npm install @tensorflow/tfjs-node-gpu';
      return 'npm install @tensorflow/tfjs-core @tensorflow/tfjs-backend-cpu @tensorflow/tfjs-backend-wasm';
    case 'directml':
    case 'coreml':
    case 'reference':
      return undefined;
    case 'cpu':
      return 'npm ci';
    default:
      return engine satisfies never;
  }
}
