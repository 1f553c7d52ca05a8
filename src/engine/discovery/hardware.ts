/**
 * Whether the device that an engine runs on is real. Software that imitates a graphics processor (SwiftShader,
 * llvmpipe) passes every test and is far slower than the processor used directly, and ONNX Runtime does not tell.
 *
 * On Linux a driver of real hardware holds a device file open while it is in use; one that computes on the processor
 * does not. Called in the process that has the engine open. Elsewhere the driver is the system's own, and is believed.
 */
import { readdirSync, readlinkSync } from 'node:fs';
import type { Engine } from '../contract.js';

const deviceFile = /^\/dev\/(dri\/renderD\d+|nvidia\d+|dxg|kfd|mali\d*)$/;

export function isHardware({ id, device }: Pick<Engine, 'id' | 'device'>): boolean {
  if (id !== 'webgpu' || process.platform !== 'linux') return id !== 'tfjs' || device.kind === 'gpu';
  return openFiles().some(path => deviceFile.test(path));
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
