/**
 * From the configuration's `engine` to the devices that images are translated on: one compute worker for each. A device
 * is tried by whoever finds it; here it is only decided what counts, and how often.
 */
import { availableParallelism } from 'node:os';
import { asCycleboxError, CycleboxError, machineMemoryBytes } from '../../base/index.js';
import {
  type ChosenDevices,
  chooseDevices,
  type Device,
  type EngineChoice,
  type SkippedDevice,
} from '../../engine/index.js';

export type ChooseDevices = (
  choice: EngineChoice,
  options?: { readonly signal?: AbortSignal | undefined },
) => Promise<ChosenDevices>;

export interface ResolvedDevices {
  /** At least one, in order of preference. The same device may stand here twice, where the configuration says so. */
  readonly devices: readonly Device[];
  readonly skipped: readonly SkippedDevice[];
}

/**
 * A device that several choices lead to counts once, unless the choices name it more often (`["cpu", "cpu"]`).
 * @throws ENGINE_UNAVAILABLE when none of the choices leads to a device
 */
export async function resolveDevices(
  choices: readonly EngineChoice[],
  choose: ChooseDevices = chooseDevices,
): Promise<ResolvedDevices> {
  const devices: Device[] = [];
  const skipped: SkippedDevice[] = [];
  const faults: CycleboxError[] = [];
  for (const choice of choices) {
    try {
      const chosen = await choose(choice);
      skipped.push(...chosen.skipped);
      devices.push(...chosen.devices.filter(device => isWanted(device, devices, choices)));
    } catch (thrown) {
      const error = asCycleboxError(thrown);
      if (error.code !== 'ENGINE_UNAVAILABLE') throw error;
      faults.push(error);
      skipped.push({ choice, reason: error.message });
    }
  }
  if (devices.length === 0) throw noneOf(faults);
  return { devices, skipped: skipped };
}

/** The CPU, for when nothing else is left. */
export async function chooseCpu(choose: ChooseDevices = chooseDevices): Promise<Device> {
  return (await choose('cpu')).devices[0]!;
}

/** Threads of each worker on the CPU: together they have what the machine has. Undefined: all for the one. */
export function threadsOf(device: Device, devices: readonly Device[]): number | undefined {
  const sharing = workersOnCpu(device, devices);
  return sharing < 2 ? undefined : Math.max(1, Math.floor(availableParallelism() / sharing));
}

/** Memory for the activations of each worker on the CPU: together, half of the machine's. Undefined: all that for the one. */
export function memoryLimitOf(device: Device, devices: readonly Device[]): number | undefined {
  const sharing = workersOnCpu(device, devices);
  return sharing < 2 ? undefined : Math.floor(machineMemoryBytes() / 2 / sharing);
}

function workersOnCpu(device: Device, devices: readonly Device[]): number {
  return device.kind === 'cpu' ? devices.filter(({ kind }) => kind === 'cpu').length : 0;
}

function isWanted({ id }: Device, have: readonly Device[], choices: readonly EngineChoice[]): boolean {
  const named = choices.filter(choice => choice === id).length;
  return have.filter(device => device.id === id).length < Math.max(1, named);
}

function noneOf(faults: readonly CycleboxError[]): CycleboxError {
  const [first] = faults;
  if (first && faults.length === 1) return first;
  const message = `None of the engines that the configuration names can be used. ${faults.map(fault => fault.message).join(' ')}`;
  return new CycleboxError('ENGINE_UNAVAILABLE', message);
}
