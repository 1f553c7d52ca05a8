/**
 * Which devices to work on: those of the engine that was named, or the best that the machine has. Loads no native
 * library itself, so that a process which must not die of one can ask.
 *
 * The order of `auto` is that of what it gains: CUDA, WebGPU on real hardware, what else the system brings for its
 * GPU, TensorFlow.js where that alone sees one, and the CPU, which always works. An engine
 * without a sign of its hardware is not even tried: a machine without a GPU pays for none.
 */
import { CycleboxError } from '../../base/index.js';
import { type Accelerators, findAccelerators } from '../accelerators.js';
import type { Device, EngineChoice, EngineId } from '../contract.js';
import { cpuName } from '../cpu-name.js';
import { splitChoice } from '../engine-choice.js';
import { type DiscoverOptions, discoverEngines } from './discover-engines.js';
import type { EngineReport, SkippedDevice } from './engine-report.js';
import { softwareRendererMessage } from './hardware.js';
import { isInstalled } from './installed.js';
import { probeDevice } from './probe-device.js';

export interface ChosenDevices {
  /** At least one; all of the same engine, best first. */
  readonly devices: readonly Device[];
  /** What was tried before and did not do. Engines without a sign of their hardware are not among them. */
  readonly skipped: readonly SkippedDevice[];
}

export type ChooseOptions = Pick<DiscoverOptions, 'signal' | 'timeoutMs' | 'accelerators' | 'entry'>;

/**
 * `auto`: all devices of the best engine that passes its self-test. An engine or a device: that, tested, unless it is
 * the CPU, which is taken as it is.
 * @throws ENGINE_UNAVAILABLE with the reason when what was named does not work; never for `auto`. CANCELLED
 */
export async function chooseDevices(choice: EngineChoice, options: ChooseOptions = {}): Promise<ChosenDevices> {
  if (choice === 'auto') return chooseAutomatically(options);
  if (choice === 'cpu' || choice === 'reference') return { devices: [cpuDevice(choice)], skipped: [] };
  const { engine, index } = splitChoice(choice);
  return index === undefined ? chooseEngine(engine, options) : chooseNumbered(choice, engine, index, options);
}

/** The same from reports that are there already, such as those of `discoverEngines`. @throws ENGINE_UNAVAILABLE */
export function chooseAmong(choice: EngineChoice, reports: readonly EngineReport[]): ChosenDevices {
  const reportOf = (engine: EngineId) => reports.find(report => report.engine === engine);
  if (choice === 'auto') {
    const skipped: SkippedDevice[] = [];
    for (const engine of candidates(findAccelerators())) {
      const devices = automaticDevices(reportOf(engine), skipped);
      if (devices.length > 0) return { devices, skipped: skipped };
    }
    const cpu = reportOf('cpu');
    return { devices: cpu?.usable ? devicesOf(cpu).devices : [cpuDevice('cpu')], skipped: skipped };
  }
  const { engine, index } = splitChoice(choice);
  const report = reportOf(engine);
  if (!report) throw unavailable(choice, 'it was not tried');
  const chosen = devicesOf(report);
  if (index === undefined) return chosen;
  const device = chosen.devices.find(({ id }) => id === choice);
  if (device) return { devices: [device], skipped: [] };
  const failed = chosen.skipped.find(passed => passed.choice === choice);
  throw unavailable(choice, failed?.reason ?? `there is no such device among ${list(chosen.devices)}`);
}

async function chooseAutomatically(options: ChooseOptions): Promise<ChosenDevices> {
  const skipped: SkippedDevice[] = [];
  for (const engine of candidates(options.accelerators ?? findAccelerators())) {
    const devices = automaticDevices(await discover(engine, options, true), skipped);
    if (devices.length > 0) return { devices, skipped: skipped };
  }
  return { devices: [cpuDevice('cpu')], skipped: skipped };
}

/** The devices of an engine that `auto` takes; what it does not is added to `skipped`. */
function automaticDevices(report: EngineReport | undefined, skipped: SkippedDevice[]): readonly Device[] {
  if (!report) return [];
  if (!report.usable) {
    const { engine, reason, fault = false } = report;
    skipped.push({ choice: engine, reason, fault });
    return [];
  }
  skipped.push(...(report.failed ?? []));
  const taken: Device[] = [];
  for (const { device, hardware } of report.devices) {
    const reason = hardware ? whyNotGpu(device) : softwareRendererMessage(device.name);
    if (reason === undefined) taken.push(device);
    else skipped.push({ choice: device.id, reason, fault: false });
  }
  return taken;
}

/** TensorFlow.js with a backend for the GPU works also where that sees none, slower than ONNX Runtime does. */
function whyNotGpu({ kind, name }: Device): string | undefined {
  return kind === 'gpu' ? undefined : `${name} sees no GPU.`;
}

/** What `auto` tries, best first, the CPU aside. */
function candidates({ nvidia, any }: Accelerators): readonly EngineId[] {
  const wanted: readonly (readonly [EngineId, boolean])[] = [
    ['cuda', nvidia > 0],
    ['webgpu', any],
    ['directml', process.platform === 'win32'],
    ['coreml', process.platform === 'darwin'],
    ['tfjs', nvidia > 0 && isInstalled('@tensorflow/tfjs-node-gpu')],
  ];
  return wanted.filter(([, isWorthTrying]) => isWorthTrying).map(([engine]) => engine);
}

async function chooseEngine(engine: EngineId, options: ChooseOptions): Promise<ChosenDevices> {
  return devicesOf(await discover(engine, options));
}

function devicesOf(report: EngineReport): ChosenDevices {
  if (!report.usable) throw unavailable(report.engine, report.reason);
  return { devices: report.devices.map(({ device }) => device), skipped: report.failed ?? [] };
}

function list(devices: readonly Device[]): string {
  return devices.map(({ id, name }) => `${id} (${name})`).join(', ');
}

async function chooseNumbered(
  choice: EngineChoice,
  engine: EngineId,
  index: number,
  options: ChooseOptions,
): Promise<ChosenDevices> {
  const result = await probeDevice(engine, index, { ...options, float16: false });
  if (!result.usable) throw unavailable(choice, result.reason);
  return { devices: [result.report.device], skipped: [] };
}

async function discover(engine: EngineId, options: ChooseOptions, onlyHardware = false): Promise<EngineReport> {
  const [report] = await discoverEngines({ ...options, engines: [engine], float16: false, onlyHardware });
  return report!;
}

function unavailable(choice: EngineChoice, reason: string): CycleboxError {
  const message = `The engine ${choice} cannot be used here: ${reason.replace(/[^.?!]$/, '$&.')}`;
  return new CycleboxError('ENGINE_UNAVAILABLE', message);
}

function cpuDevice(id: 'cpu' | 'reference'): Device {
  return { id, kind: 'cpu', name: cpuName() };
}
