/** Every engine and device of the machine, tested and timed, and which of them the configuration leads to. */
import { asCycleboxError } from '../base/index.js';
import {
  chooseAmong,
  type Device,
  discoverEngines,
  type EngineChoice,
  type EngineId,
  type EngineReport,
  type PassedOver,
  type SpeedTest,
} from '../engine/index.js';
import { graphToJson } from '../graph/index.js';
import { generatorGraph } from '../training/index.js';
import type { Complaint, EnginesReport } from './report.js';

/** The network that is timed: small enough for any processor, of the same layers as all. */
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
  const { engines: wanted, budgetMs, signal } = options;
  const engines = await discoverEngines({ engines: wanted, measureSpeed: speedTest(budgetMs), signal });
  const chosen: Device[] = [];
  const passedOver: PassedOver[] = [];
  for (const choice of asked) {
    try {
      const found = chooseAmong(choice, engines);
      chosen.push(...found.devices.filter(({ id }) => !chosen.some(device => device.id === id)));
      passedOver.push(...found.passedOver);
    } catch (error) {
      complaints.push(unusable(choice, engines, asCycleboxError(error).message));
    }
  }
  complaints.push(...passedOver.map(notTaken));
  complaints.push(...processorFault(engines));
  return { engines, asked, chosen, passedOver };
}

function unusable(choice: EngineChoice, engines: readonly EngineReport[], message: string): Complaint {
  const report = engines.find(({ engine }) => choice.startsWith(engine));
  const remedy = report && !report.usable ? report.remedy : undefined;
  return { about: 'engines', blocking: true, message, remedy };
}

function notTaken({ choice, reason }: PassedOver): Complaint {
  return { about: 'engines', blocking: false, message: `${choice} is passed over: ${reason}` };
}

/** The processor is what everything falls back to: `auto` takes it untested, here it was tested. */
function processorFault(engines: readonly EngineReport[]): Complaint[] {
  const processor = engines.find(({ engine }) => engine === 'cpu');
  if (!processor || processor.usable) return [];
  const message = `The processor cannot be used: ${processor.reason}`;
  return [{ about: 'engines', blocking: true, message, remedy: processor.remedy ?? 'npm ci' }];
}
