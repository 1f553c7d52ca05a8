/**
 * Signs of a GPU that cost next to nothing to look for: device files and libraries. They decide whether
 * starting a process to try an engine is worth its while, and never that an engine works.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

export interface Accelerators {
  /** NVIDIA devices visible to this process, by the system's device files; 0 where there is none. */
  readonly nvidia: number;
  /** Whether there may be any GPU, or a software renderer was named by hand. */
  readonly any: boolean;
}

/** Where to look; other folders only in tests. */
export interface Host {
  readonly platform: NodeJS.Platform;
  readonly env: NodeJS.ProcessEnv;
  /** The folder of device files. */
  readonly devices: string;
}

const thisHost: Host = { platform: process.platform, env: process.env, devices: '/dev' };

export function findAccelerators(surroundings: Host = thisHost): Accelerators {
  const nvidia = visibleNvidia(surroundings);
  const { platform } = surroundings;
  return { nvidia, any: nvidia > 0 || platform === 'darwin' || platform === 'win32' || hasRenderDevice(surroundings) };
}

/** Vulkan drivers named by hand may be anything: they count as a sign. */
const driverVariables = ['VK_DRIVER_FILES', 'VK_ICD_FILENAMES', 'VK_ADD_DRIVER_FILES'];

function hasRenderDevice({ devices, env }: Host): boolean {
  if (driverVariables.some(name => env[name])) return true;
  return namesIn(join(devices, 'dri')).some(name => name.startsWith('renderD'));
}

function visibleNvidia(surroundings: Host): number {
  const all = countNvidia(surroundings);
  const chosen = surroundings.env['CUDA_VISIBLE_DEVICES'];
  if (chosen === undefined) return all;
  const named = chosen.split(',').filter(name => name.trim() !== '' && name.trim() !== '-1');
  return Math.min(all, named.length);
}

function countNvidia({ platform, devices, env }: Host): number {
  if (platform === 'win32')
    return existsSync(join(env['SystemRoot'] ?? 'C:\\Windows', 'System32', 'nvcuda.dll')) ? 1 : 0;
  if (platform !== 'linux') return 0;
  const numbered = namesIn(devices).filter(name => /^nvidia\d+$/.test(name)).length;
  // The Windows Subsystem for Linux has one device file for all of them, and the driver beside it.
  const bySubsystem = existsSync(join(devices, 'dxg')) && existsSync('/usr/lib/wsl/lib/libcuda.so.1');
  return numbered || (bySubsystem ? 1 : 0);
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
