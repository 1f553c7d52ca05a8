/**
 * Why an engine cannot work on this machine, where that is plain without trying it, and the one command that would make
 * one work that could: a missing graphics card has none.
 */
import type { EngineId } from '../contract.js';
import { type Accelerators, findAccelerators } from './accelerators.js';

/** One sentence; undefined where only trying will tell. */
export function outOfReach(
  engine: EngineId,
  { nvidia, any }: Accelerators = findAccelerators(),
  platform: NodeJS.Platform = process.platform,
): string | undefined {
  switch (engine) {
    case 'cuda':
    case 'tensorrt':
      return nvidia > 0 ? undefined : 'This machine shows no graphics processor of NVIDIA.';
    case 'webgpu':
      return any ? undefined : 'This machine shows no graphics processor: there is no device in /dev/dri.';
    case 'directml':
      return platform === 'win32' ? undefined : 'It is a part of Windows.';
    case 'coreml':
      return platform === 'darwin' ? undefined : 'It is a part of macOS.';
    case 'cpu':
    case 'tfjs':
    case 'reference':
      return undefined;
    default:
      return engine satisfies never;
  }
}

/** The command that the reason itself names at its end (`Run: npm ci`), else what is known to help with the engine. */
export function remedyFor(
  engine: EngineId,
  reason: string,
  { nvidia }: Accelerators = findAccelerators(),
  platform: NodeJS.Platform = process.platform,
): string | undefined {
  const named = /\brun:? (\S.*?)[.\s]*$/i.exec(reason)?.[1];
  if (named !== undefined) return named;
  if (engine !== 'webgpu' || platform !== 'linux') return undefined;
  // NVIDIA's Vulkan driver comes with its own; what is missing then is the loader.
  return `sudo apt-get install libvulkan1${nvidia > 0 ? '' : ' mesa-vulkan-drivers'}`;
}
