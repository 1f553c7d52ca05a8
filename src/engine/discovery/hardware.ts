/**
 * Whether the device that an engine runs on is real. A software renderer (SwiftShader,
 * llvmpipe) passes every test and is far slower than the CPU used directly, and ONNX Runtime does not tell.
 *
 * On Linux a driver of real hardware holds a device file open while it is in use; one that computes on the CPU
 * does not. Windows shows nothing of the kind: there the two are raced. Called in the process that has the engine open.
 */
import { readdirSync, readlinkSync } from 'node:fs';
import { add, type Graph, GraphBuilder } from '../../graph/index.js';
import type { Engine } from '../contract.js';
import { keepsUpWithCpu } from './compare-with-cpu.js';

const deviceFile = /^\/dev\/(dri\/renderD\d+|nvidia\d+|dxg|kfd|mali\d*)$/;

/** Takes some milliseconds on Linux, and up to some seconds for a software renderer on Windows. */
export async function isHardware(engine: Engine): Promise<boolean> {
  if (engine.id !== 'webgpu') return true;
  if (process.platform === 'linux') return holdsDeviceFile(engine);
  // Windows has a Direct3D driver in software (WARP); macOS has none of its kind.
  return process.platform !== 'win32' || keepsUpWithCpu(engine);
}

/** Looks while a program is compiled, since a driver may let go of the device when there is none. */
async function holdsDeviceFile(engine: Engine): Promise<boolean> {
  const program = await engine.compile(oneOperation());
  try {
    await program.run({ x: { shape: [4], data: Float32Array.of(1, 2, 3, 4) } });
    return openFiles().some(path => deviceFile.test(path));
  } finally {
    await program.dispose();
  }
}

/** The sentence for a device that is none. */
export function softwareRendererMessage(name: string): string {
  return `${name} is a software renderer, which is slower than using the CPU directly.`;
}

function oneOperation(): Graph {
  const builder = new GraphBuilder();
  const x = builder.input('x', [4]);
  builder.output('y', add(x, x));
  return builder.build();
}

function openFiles(): readonly string[] {
  return readdirSync('/proc/self/fd').flatMap(descriptor => {
    try {
      return [readlinkSync(`/proc/self/fd/${descriptor}`)];
    } catch {
      return []; // The descriptor by which the folder was read.
    }
  });
}
