/**
 * Tries one device of one engine in a process of its own, and tells what came of it as a value: a crash, an abort or a
 * hang of a driver is a reason, and never harms whoever asked.
 */
import { asCycleboxError, throwIfAborted } from '../../base/index.js';
import { type CallOptions, Child, compiledEntry } from '../../process/index.js';
import type { EngineId } from '../contract.js';
import { commandIn } from '../remedies.js';
import type { DeviceReport, MeasuredSpeed } from './engine-report.js';
import type { Int8Worth } from './int8-worth.js';
import { type ProbeApi, probeProtocol, type SpeedTest } from './probe-protocol.js';

export interface ProbeOptions {
  /** Default: speed is not measured. */
  readonly speed?: SpeedTest | undefined;
  /** Whether to find out about float16 too; default true. */
  readonly float16?: boolean | undefined;
  /** Whether a software renderer fails, before it takes its time for the self-test. */
  readonly onlyHardware?: boolean | undefined;
  /** For each step; a driver that has not answered by then is given up. Default 60 000: libraries of a GPU are large, and read from a cold disk once. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Another entry than the real one; for tests. */
  readonly entry?: string | undefined;
}

export type ProbeResult =
  | { readonly usable: true; readonly version: string; readonly report: DeviceReport }
  | {
      readonly usable: false;
      readonly reason: string;
      readonly remedy?: string | undefined;
      readonly fault: boolean;
    };

/** @throws CANCELLED by the signal, and nothing else. */
export async function probeDevice(
  engine: EngineId,
  index: number | undefined,
  options: ProbeOptions = {},
): Promise<ProbeResult> {
  const { signal, timeoutMs = 60_000, onlyHardware = false } = options;
  const limits: CallOptions = { signal, timeoutMs };
  let child: Child<ProbeApi> | undefined;
  try {
    throwIfAborted(signal, 'The search for devices was cancelled.');
    child = await startProbe(engine, options);
    const { version, ...probed } = await child.call('open', { engine, index, onlyHardware }, limits);
    // The riskiest comes last: what kills the process then costs only the answer to itself.
    const speed = options.speed && (await measureOrSkip(child, options.speed, limits));
    const float16 = options.float16 !== false && (await child.call('tryFloat16', null, limits).catch(() => false));
    const int8 = options.speed && engine === 'cpu' ? await tryInt8(child, limits) : undefined;
    throwIfAborted(signal, 'The search for devices was cancelled.');
    return { usable: true, version, report: { ...probed, float16, ...(speed && { speed }), ...(int8 && { int8 }) } };
  } catch (error) {
    throwIfAborted(signal, 'The search for devices was cancelled.');
    return failure(error);
  } finally {
    // It has nothing to lose, and a driver that hangs does not end by itself.
    await child?.kill();
  }
}

function startProbe(engine: EngineId, { entry }: ProbeOptions): Promise<Child<ProbeApi>> {
  return Child.start<ProbeApi>({
    entry: entry ?? compiledEntry(import.meta.url, './probe-main.js'),
    name: `process that tries ${engine}`,
    protocol: probeProtocol,
    unresponsiveAfterMs: 60_000,
  });
}

async function measureOrSkip(
  child: Child<ProbeApi>,
  test: SpeedTest,
  limits: CallOptions,
): Promise<MeasuredSpeed | undefined> {
  return child.call('measure', test, limits).catch(() => undefined);
}

function tryInt8(child: Child<ProbeApi>, limits: CallOptions): Promise<Int8Worth | undefined> {
  return child.call('tryInt8', null, limits).catch(() => undefined);
}

/** Only what cannot be had has a remedy: a device that crashes or computes wrongly is not missing anything. */
function failure(error: unknown): ProbeResult {
  const { code, message } = asCycleboxError(error);
  const reason = message.replace(/\s+/g, ' ').trim();
  const fault = code !== 'ENGINE_UNAVAILABLE';
  const remedy = fault ? undefined : commandIn(reason);
  return { usable: false, reason, fault, ...(remedy !== undefined && { remedy }) };
}
