/**
 * From what a user asked for to an engine. `auto` looks at the machine, tests what it finds in processes of their own,
 * and takes the best; what was named is opened as it is.
 */
import { asCycleboxError } from '../base/index.js';
import type { Engine, EngineChoice, EngineOptions } from './contract.js';
import { type ChosenDevices, chooseDevices, type SkippedDevice } from './discovery/index.js';
import { openDevice } from './open-device.js';

export interface OpenEngineOptions extends EngineOptions {
  /** Called for every device that `auto` would have preferred and could not take, before the engine is opened. */
  readonly onDeviceSkipped?: ((device: SkippedDevice) => void) | undefined;
}

/** What `auto` means does not change while a process lives, unless the device that was taken stops working. */
let autoDevices: Promise<ChosenDevices> | undefined;

/**
 * @throws ENGINE_UNAVAILABLE with what to do when the engine cannot be used here; for `auto` only where the CPU
 * cannot be used either, for lack of ONNX Runtime.
 */
export async function openEngine(choice: EngineChoice = 'auto', options: OpenEngineOptions = {}): Promise<Engine> {
  const { onDeviceSkipped = () => {}, ...engineOptions } = options;
  if (choice !== 'auto') return openDevice(choice, engineOptions);
  autoDevices ??= chooseDevices('auto');
  const { devices, skipped } = await autoDevices;
  for (const device of skipped) onDeviceSkipped(device);
  for (const { id } of devices) {
    if (id === 'auto' || id === 'cpu') break;
    try {
      return await openDevice(id, engineOptions);
    } catch (error) {
      autoDevices = undefined;
      onDeviceSkipped({ choice: id, reason: asCycleboxError(error).message, fault: true });
    }
  }
  return openDevice('cpu', engineOptions);
}
