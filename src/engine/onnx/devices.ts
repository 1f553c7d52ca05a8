/**
 * The devices behind ONNX Runtime's providers, by name. ONNX Runtime says nothing about them, so the system is asked:
 * NVIDIA's driver for CUDA's. What the system does not say is left out, never guessed.
 */
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import type { Device } from '../contract.js';
import { cpuName } from '../cpu-name.js';
import type { OnnxProvider } from './providers.js';

/**
 * The devices of a provider that the system knows of, whether or not the provider works with them. None does not mean
 * that there is none.
 * @param threads for the CPU's name
 */
export async function onnxDevices(provider: OnnxProvider, threads = availableParallelism()): Promise<Device[]> {
  switch (provider) {
    case 'cpu':
      return [cpuDevice(threads)];
    case 'webgpu':
      return [{ id: 'webgpu', kind: 'gpu', name: webGpuName(process.env, await systemGpus()) }];
    case 'cuda':
    case 'tensorrt':
      return nvidiaDevices(provider);
    case 'directml':
      return [{ id: 'directml:0', kind: 'gpu', name: 'DirectML adapter 0' }];
    case 'coreml':
      return [{ id: 'coreml', kind: 'gpu', name: `CoreML on ${cpuName()}` }];
    default:
      return provider satisfies never;
  }
}

function cpuDevice(threads: number): Device {
  return { id: 'cpu', kind: 'cpu', name: `${cpuName()}, ${threads} threads`, memoryBytes: totalmem() };
}

const graphicsLayers: Partial<Record<NodeJS.Platform, string>> = {
  linux: 'Vulkan',
  darwin: 'Metal',
  win32: 'Direct3D 12',
};

/** Vulkan drivers that are software renderers, by the names of their files. */
const softwareDrivers: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/swiftshader/i, 'SwiftShader (software)'],
  [/lvp|lavapipe|llvmpipe/i, 'llvmpipe (software)'],
];

/**
 * A driver in software is known where the environment names exactly one driver; a card where the system has just one.
 * @param cards the names of the system's
 */
export function webGpuName(environment: NodeJS.ProcessEnv, cards: readonly string[]): string {
  const layer = graphicsLayers[process.platform] ?? 'the system';
  const drivers = environment['VK_DRIVER_FILES'] ?? environment['VK_ICD_FILENAMES'] ?? '';
  const software = softwareDrivers.find(([pattern]) => !drivers.includes(':') && pattern.test(basename(drivers)));
  const known = software?.[1] ?? (cards.length === 1 ? cards[0] : undefined);
  return `WebGPU adapter of ${layer}${known ? `: ${known}` : ''}`;
}

const vendors: Readonly<Record<string, string>> = {
  '0x1002': 'AMD graphics',
  '0x8086': 'Intel graphics',
};

/** The graphics cards that Linux's drivers show, by name or at least by vendor; none on other systems. */
export async function systemGpus(root = '/'): Promise<string[]> {
  const nvidia = join(root, 'proc/driver/nvidia/gpus');
  const cards = join(root, 'sys/class/drm');
  const models = (await entries(nvidia)).map(async card => {
    const information = await text(join(nvidia, card, 'information'));
    return /^Model:\s*(.+)$/m.exec(information)?.[1]?.trim();
  });
  const others = (await entries(cards))
    .filter(card => /^card\d+$/.test(card))
    .map(async card => vendors[(await text(join(cards, card, 'device/vendor'))).trim()]);
  return (await Promise.all([...models, ...others])).filter(name => name !== undefined);
}

async function entries(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

async function text(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '');
}

/** In CUDA's order, as far as `CUDA_VISIBLE_DEVICES` shows them. */
async function nvidiaDevices(provider: 'cuda' | 'tensorrt'): Promise<Device[]> {
  const found = visible(await listNvidia(), process.env['CUDA_VISIBLE_DEVICES']);
  return found.map(({ name, memoryBytes }, index) => ({ id: `${provider}:${index}`, kind: 'gpu', name, memoryBytes }));
}

interface NvidiaCard {
  readonly name: string;
  readonly memoryBytes: number | undefined;
}

async function listNvidia(): Promise<NvidiaCard[]> {
  try {
    const query = ['--query-gpu=name,memory.total', '--format=csv,noheader,nounits'];
    const { stdout } = await promisify(execFile)('nvidia-smi', query, { timeout: 5000, windowsHide: true });
    return parseNvidia(stdout);
  } catch {
    return []; // No driver, or a container without the tool.
  }
}

/** Lines such as `NVIDIA A100-SXM4-40GB, 40960`, memory in MiB. */
export function parseNvidia(text: string): NvidiaCard[] {
  return text
    .split('\n')
    .filter(line => line.includes(','))
    .map(line => {
      const at = line.lastIndexOf(',');
      const mebibytes = Number(line.slice(at + 1));
      return { name: line.slice(0, at).trim(), memoryBytes: mebibytes > 0 ? mebibytes * 2 ** 20 : undefined };
    });
}

/** CUDA counts only what the variable lists, in its order, up to the first that is none. UUIDs are not resolved. */
export function visible<Card>(cards: readonly Card[], listed: string | undefined): Card[] {
  if (listed === undefined) return [...cards];
  const shown: Card[] = [];
  for (const entry of listed.split(',')) {
    const card = /^\s*\d+\s*$/.test(entry) ? cards[Number(entry)] : undefined;
    if (!card) break;
    shown.push(card);
  }
  return shown;
}
