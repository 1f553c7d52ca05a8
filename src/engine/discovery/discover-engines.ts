/**
 * Everything that can be found out about the engines of this machine, by trying each device in a process of its own.
 * A finding is a value; what fails is a reason. It chooses nothing: `chooseDevices` does.
 */
import { CycleboxError } from '../../base/index.js';
import { type Accelerators, findAccelerators } from '../accelerators.js';
import type { EngineChoice, EngineId } from '../contract.js';
import { offeredEngines } from '../engine-choice.js';
import { whyImpossible } from '../remedies.js';
import type { EngineReport, SkippedDevice } from './engine-report.js';
import { type ProbeOptions, type ProbeResult, probeDevice } from './probe-device.js';
import type { SpeedTest } from './probe-protocol.js';

export interface DiscoverOptions {
  /** Default: all that users choose from; of these, the ones that plainly have no device here are not tried. */
  readonly engines?: readonly EngineId[] | undefined;
  /** Times each device with this generator. Devices are then tried one after the other, so that none slows another. */
  readonly measureSpeed?: SpeedTest | undefined;
  /** Whether to find out about float16 too; default true. */
  readonly float16?: boolean | undefined;
  /** Whether devices that are software renderers fail; default false. */
  readonly onlyHardware?: boolean | undefined;
  /** For each step of each device; default 60 000. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Default: what this machine shows. */
  readonly accelerators?: Accelerators | undefined;
  /** Another entry of the trying process than the real one; for tests. */
  readonly entry?: string | undefined;
}

/** One report an engine, in the order asked for. @throws CANCELLED by the signal */
export async function discoverEngines(options: DiscoverOptions = {}): Promise<readonly EngineReport[]> {
  const { engines = offeredEngines, measureSpeed } = options;
  const discover = async (engine: EngineId): Promise<EngineReport> => {
    const reason = options.engines ? undefined : whyImpossible(engine, options.accelerators);
    return reason === undefined ? discoverEngine(engine, options) : { engine, usable: false, reason };
  };
  if (!measureSpeed) return Promise.all(engines.map(discover));
  const reports: EngineReport[] = [];
  for (const engine of engines) reports.push(await discover(engine));
  return reports;
}

interface ProbedChoice {
  readonly choice: EngineChoice;
  readonly result: ProbeResult;
}

/** Devices side by side, unless they are timed. */
async function discoverEngine(engine: EngineId, options: DiscoverOptions): Promise<EngineReport> {
  const numbers = deviceNumbers(engine, options.accelerators);
  if (!options.measureSpeed)
    return summarise(engine, await Promise.all(numbers.map(n => tryDevice(engine, n, options))));
  const tried: ProbedChoice[] = [];
  for (const index of numbers) tried.push(await tryDevice(engine, index, options));
  return summarise(engine, tried);
}

async function tryDevice(engine: EngineId, index: number | undefined, options: DiscoverOptions): Promise<ProbedChoice> {
  const choice: EngineChoice = index === undefined ? engine : `${engine}:${index}`;
  const probeOptions: ProbeOptions = { ...options, speed: options.measureSpeed };
  return { choice, result: await probeDevice(engine, index, probeOptions) };
}

/** Engines on NVIDIA's devices number them; the others take the one that the system prefers. */
function deviceNumbers(engine: EngineId, accelerators = findAccelerators()): readonly (number | undefined)[] {
  if (engine !== 'cuda' && engine !== 'tensorrt') return [undefined];
  const { nvidia } = accelerators;
  return nvidia === 0 ? [undefined] : Array.from({ length: nvidia }, (_, index) => index);
}

function summarise(engine: EngineId, tried: readonly ProbedChoice[]): EngineReport {
  const devices = tried.flatMap(({ result }) => (result.usable ? [result.report] : []));
  const failed = tried.flatMap(({ choice, result }): SkippedDevice[] =>
    result.usable ? [] : [{ choice, reason: result.reason, fault: result.fault }],
  );
  const good = tried.find(({ result }) => result.usable)?.result;
  if (good?.usable)
    return { engine, usable: true, version: good.version, devices, ...(failed.length > 0 && { failed }) };
  const first = tried[0]?.result;
  if (first && !first.usable) return { engine, ...first };
  throw new CycleboxError('INTERNAL', `No device of ${engine} was tried.`);
}
