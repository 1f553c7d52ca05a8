/** What the CPU is called wherever it is named as a device. */
import { cpus } from 'node:os';

/** @param model as the system has it, which says nothing of many ARM CPUs */
export function cpuName(model = cpus()[0]?.model ?? ''): string {
  const name = model.trim();
  return name === '' || name === 'unknown' ? 'CPU' : name;
}
