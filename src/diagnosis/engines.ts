/** Every engine and device of the machine, tested and timed, and which of them the configuration leads to. */
import { asCycleboxError } from '../base/index.js';
import {
  chooseAmong,
  type Device,
  discoverEngines,
  type EngineChoice,
  type EngineId,
  type EngineReport,
  type Precision,
  type SkippedDevice,
  type SpeedTest,
  splitChoice,
} from '../engine/index.js';
import { graphToJson } from '../graph/index.js';
import { generatorGraph } from '../nets/index.js';
import type { Complaint, EnginesReport } from './report.js';

/** The network that is timed: small enough for any CPU, of the same layers as all. */
export const timedNetwork = {
  kind: 'resnet',
  blocks: 6,
  width: 32,
  inputChannels: 3,
  outputChannels: 3,
  dropout: false,
} as const;

export function speedTest(budgetMs = 2000): SpeedTest {
  return { graph: graphToJson(generatorGraph(timedNetwork)), sizes: [64, 128, 256], budgetMs };
}

export interface ExamineEnginesOptions {
  /** What the configuration asks for. */
  readonly precision?: Precision | 'auto' | undefined;
  readonly engines?: readonly EngineId[] | undefined;
  readonly budgetMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * @param asked what the configuration names, one or several
 * @param complaints where what keeps images from being translated is added
 */
export async function examineEngines(
  asked: readonly EngineChoice[],
  complaints: Complaint[],
  options: ExamineEnginesOptions = {},
): Promise<EnginesReport> {
  const { engines: wanted, precision, budgetMs, signal } = options;
  const engines = await discoverEngines({ engines: wanted, measureSpeed: speedTest(budgetMs), signal });
  const chosen: Device[] = [];
  const passedOver: SkippedDevice[] = [];
  const faults: Complaint[] = [];
  for (const choice of asked) {
    try {
      const found = chooseAmong(choice, engines);
      chosen.push(...found.devices.filter(({ id }) => !chosen.some(device => device.id === id)));
      passedOver.push(...found.skipped);
    } catch (error) {
      faults.push(unusable(choice, engines, asCycleboxError(error).message));
    }
  }
  // The daemon starts with what works of the engines that it is given.
  complaints.push(...faults.map(fault => ({ ...fault, blocking: chosen.length === 0 })));
  complaints.push(...passedOver.map(skippedComplaint));
  complaints.push(...cpuFault(engines));
  if (precision === 'float16') complaints.push(...withoutFloat16(chosen, engines));
  return { engines, asked, chosen, passedOver };
}

function unusable(choice: EngineChoice, engines: readonly EngineReport[], message: string): Complaint {
  const report = engines.find(({ engine }) => engine === splitChoice(choice).engine);
  const remedy = report && !report.usable ? report.remedy : undefined;
  return { about: 'engines', blocking: true, message, remedy };
}

function skippedComplaint({ choice, reason }: SkippedDevice): Complaint {
  return { about: 'engines', blocking: false, message: `${choice} is skipped: ${reason}` };
}

/** Where nothing but float16 will do, a device without it is of no use. The CPU always takes float32. */
export function withoutFloat16(chosen: readonly Device[], engines: readonly EngineReport[]): readonly Complaint[] {
  const reports = engines.flatMap(engine => (engine.usable ? engine.devices : []));
  const lacking = reports.filter(({ float16, device }) => !float16 && device.kind === 'gpu');
  return lacking
    .filter(({ device }) => chosen.some(({ id }) => id === device.id))
    .map(({ device: { id } }) => ({
      about: 'engines',
      blocking: false,
      message: `${id} has no float16, which the configuration asks for: its images are translated on other devices, or on the CPU. Set "precision" to "auto".`,
    }));
}

/** The CPU is what everything falls back to: `auto` takes it untested, here it was tested. */
function cpuFault(engines: readonly EngineReport[]): Complaint[] {
  const cpu = engines.find(({ engine }) => engine === 'cpu');
  if (!cpu || cpu.usable) return [];
  const message = `The CPU cannot be used: ${cpu.reason}`;
  return [{ about: 'engines', blocking: true, message, remedy: cpu.remedy ?? 'npm ci' }];
}
