/**
 * Measures what this machine's devices do: images a second through a pair's generator, and training steps a second. One
 * process a row: what crashes, hangs or runs out of memory costs its own row. Nothing is estimated.
 */
import { stat } from 'node:fs/promises';
import { asCycleboxError, CycleboxError, packageVersion, throwIfAborted } from '../base/index.js';
import { directionsOf, loadAvailablePairs, resolveDirection } from '../catalog/index.js';
import type { EngineChoice, Precision, SkippedDevice } from '../engine/index.js';
import { Child, compiledEntry } from '../process/index.js';
import { type BenchDevice, findBenchDevices } from './bench-devices.js';
import { type BenchApi, type BenchPlace, benchProtocol } from './bench-protocol.js';
import type { BenchReport, TrainingRow, TrainingSize, TranslationRow } from './bench-report.js';
import { examineMachine } from './machine.js';

export interface BenchOptions {
  /** What to translate with: a model file, or a direction of a pair. Default: the first pair that has a model. */
  readonly model?: string | undefined;
  readonly pair?: string | undefined;
  readonly to?: string | undefined;
  readonly plugins?: readonly string[] | undefined;
  readonly modelStore?: string | undefined;
  /** Sides of the square pictures, in pixels; default 256 and 512. */
  readonly sizes?: readonly number[] | undefined;
  /** Default: every device that works, software renderers excepted. */
  readonly engines?: readonly EngineChoice[] | undefined;
  /** Default: float32, and float16 on devices of their own that have it. */
  readonly precisions?: readonly Precision[] | undefined;
  /** Training steps to measure; default: none. */
  readonly training?: readonly TrainingSize[] | undefined;
  /** For each row; default 2000. */
  readonly budgetMs?: number | undefined;
  /** A row that has no figures by then is given up; default two minutes and ten budgets. */
  readonly timeoutMs?: number | undefined;
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told when it is known what will be measured: the report without its rows. */
  readonly onStart?: ((report: BenchReport) => void) | undefined;
  /** Told of each row as soon as it is measured. */
  readonly onRow?: ((row: TranslationRow | TrainingRow) => void) | undefined;
  /** Another entry of the measuring process than the real one; for tests. */
  readonly entry?: string | undefined;
}

/** @throws USAGE, PAIR_NOT_FOUND, DOMAIN_NOT_FOUND, MODEL_MISSING, CANCELLED by the signal; never for a device's sake */
export async function bench(options: BenchOptions = {}): Promise<BenchReport> {
  const { sizes = [256, 512], training = [], budgetMs = 2000, onStart, onRow = () => {} } = options;
  const model = await resolveBenchModel(options);
  const { devices, leftOut } = await findBenchDevices(options.engines, options.signal);
  const report = start(model, devices, leftOut, budgetMs);
  onStart?.(report);
  const translated: TranslationRow[] = [];
  const trained: TrainingRow[] = [];
  for (const device of devices) {
    for (const precision of precisionsOf(device, options.precisions))
      for (const size of sizes) {
        const row = await translationRow(device, { model: model.path, size, precision }, options);
        translated.push(row);
        onRow(row);
      }
  }
  for (const device of devices)
    for (const size of training) {
      const row = await trainingRow(device, size, options);
      trained.push(row);
      onRow(row);
    }
  return { ...report, translation: translated, training: trained };
}

function start(
  model: BenchReport['model'],
  devices: readonly BenchDevice[],
  leftOut: readonly SkippedDevice[],
  budgetMs: number,
): BenchReport {
  return {
    cyclebox: packageVersion(),
    node: process.versions.node,
    machine: examineMachine(),
    model,
    secondsPerRow: budgetMs / 1000,
    devices,
    leftOut,
    translation: [],
    training: [],
  };
}

async function resolveBenchModel(options: BenchOptions): Promise<BenchReport['model']> {
  const { model, pair, to, plugins, modelStore } = options;
  if (model !== undefined) return { path: await modelFile(model) };
  const catalog = await loadAvailablePairs({ plugins });
  if (pair !== undefined && to !== undefined) {
    const found = await resolveDirection(catalog.pair(pair), to, { modelStore });
    return { path: found.model.path, pair, to };
  }
  for (const candidate of pair === undefined ? catalog.pairs : [catalog.pair(pair)]) {
    const directions = await directionsOf(candidate, { modelStore });
    const ready = directions.find(direction => direction.model && (to === undefined || direction.to === to));
    if (ready?.model) return { path: ready.model.path, pair: candidate.id, to: ready.to };
  }
  const what = pair === undefined ? 'No pair has a model' : `The pair ${pair} has no model`;
  throw new CycleboxError('MODEL_MISSING', `${what} to measure with. Name one: --model FILE.`);
}

async function modelFile(path: string): Promise<string> {
  const status = await stat(path).catch(() => undefined);
  if (status?.isFile()) return path;
  throw new CycleboxError('MODEL_MISSING', `The model file ${path} does not exist. Check the path.`);
}

/** On a CPU, float16 only costs time. */
function precisionsOf({ device, float16 }: BenchDevice, asked?: readonly Precision[]): readonly Precision[] {
  return asked ?? (float16 && device.kind === 'gpu' ? ['float32', 'float16'] : ['float32']);
}

async function translationRow(
  { device: { id }, engine }: BenchDevice,
  task: { readonly model: string; readonly size: number; readonly precision: Precision },
  options: BenchOptions,
): Promise<TranslationRow> {
  const { size, precision } = task;
  const place = { engine, device: id, size, precision };
  return measure(id, options, place, async (child, common, limits) => {
    const times = await child.call('timeTranslation', { ...common, ...task }, limits);
    return { ...place, imagesPerSecond: 1000 / times.medianMs, ...times };
  });
}

async function trainingRow(
  { device: { id }, engine }: BenchDevice,
  size: TrainingSize,
  options: BenchOptions,
): Promise<TrainingRow> {
  const place = { engine, device: id, ...size };
  return measure(id, options, place, async (child, common, limits) => {
    const times = await child.call('timeTraining', { ...common, ...size }, limits);
    const stepsPerSecond = 1000 / times.medianMs;
    return { ...place, stepsPerSecond, imagesPerSecond: 2 * size.batch * stepsPerSecond, ...times };
  });
}

interface CallLimits {
  readonly signal: AbortSignal | undefined;
  readonly timeoutMs: number;
}

/** One row in a process of its own. What goes wrong there becomes the row's reason. */
async function measure<Row, Place>(
  device: EngineChoice,
  options: BenchOptions,
  place: Place,
  work: (child: Child<BenchApi>, common: BenchPlace, limits: CallLimits) => Promise<Row>,
): Promise<Row | (Place & { readonly reason: string })> {
  const { budgetMs = 2000, threads, signal, timeoutMs = 120_000 + 10 * budgetMs } = options;
  let child: Child<BenchApi> | undefined;
  try {
    throwIfAborted(signal, 'The measurement was cancelled.');
    child = await startBench(device, options.entry);
    // `auto` has been resolved: devices have ids of their own.
    const common = { device: device as BenchPlace['device'], threads, budgetMs };
    return await work(child, common, { signal, timeoutMs });
  } catch (error) {
    throwIfAborted(signal, 'The measurement was cancelled.');
    const { code, message } = asCycleboxError(error);
    const reason = code === 'TIMED_OUT' ? `It took longer than ${Math.round(timeoutMs / 1000)} s.` : message;
    return { ...place, reason: reason.replace(/\s+/g, ' ').trim() };
  } finally {
    // It has nothing to lose, and a driver that hangs does not end by itself.
    await child?.kill();
  }
}

function startBench(device: EngineChoice, entry?: string): Promise<Child<BenchApi>> {
  return Child.start<BenchApi>({
    entry: entry ?? compiledEntry(import.meta.url, './bench-main.js'),
    name: `process that measures ${device}`,
    protocol: benchProtocol,
    unresponsiveAfterMs: 600_000,
  });
}
