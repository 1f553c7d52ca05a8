/**
 * The work of `cyclebox evaluate`: finds the images, has them translated as `translate` would, and hands the judging to
 * the evaluator. Figures go to stdout, as text or as one JSON document; what was left out and progress to stderr.
 */

import { join, resolve } from 'node:path';
import {
  CycleboxError,
  DisposableStore,
  defaultCacheFolder,
  readRegularFile,
  writeFileAtomic,
} from '../../base/index.js';
import { type Engine, type EngineChoice, openEngine, parseEngineChoice } from '../../engine/index.js';
import { blockUntrustedLoaders } from '../../image/index.js';
import { decodeOnnx, metadataKeys } from '../../onnx/index.js';
import {
  type AskedMetrics,
  createEvaluator,
  type Evaluation,
  type EvaluationProgress,
  FeatureNetwork,
  type FeatureRange,
  type FolderScan,
  isPluginName,
  matchPairs,
  parseColourClasses,
  pictureOf,
  planesOf,
  pluginMetric,
  type SkippedImage,
  scanFolder,
  type TranslateImage,
} from '../../training/index.js';
import { openTranslator } from '../../translate/index.js';
import { printSkippedDevice } from '../options/index.js';
import { exitCodes, printable } from '../terminal/index.js';
import { EvaluationSheets } from './evaluation-sheets.js';
import { describeEvaluation } from './evaluation-text.js';

export interface EvaluateModelOptions {
  readonly model: string;
  readonly a: string;
  readonly b?: string;
  readonly back?: string;
  readonly paired?: string;
  readonly classes?: string;
  readonly trainA?: string;
  readonly trainB?: string;
  readonly features?: string;
  readonly featuresRange?: FeatureRange;
  readonly featuresSize?: number;
  /** Metrics of plugins: `PLUGIN/ID`. */
  readonly metric?: readonly string[];
  readonly plugins?: readonly string[];
  readonly domains?: readonly [string, string];
  readonly size?: number;
  readonly limit: number;
  readonly seed: number;
  readonly out?: string;
  readonly cache?: string;
  readonly engine?: string;
  readonly threads?: number;
  readonly json?: boolean;
}

/** What `--json` prints and `--out` keeps. */
type EvaluationDocument = {
  readonly model: string;
  readonly back?: string;
  readonly sheets: readonly string[];
} & Evaluation;

/** @returns the exit code */
export async function evaluateModel(options: EvaluateModelOptions): Promise<number> {
  requireSense(options);
  blockUntrustedLoaders();
  const store = new DisposableStore();
  try {
    const evaluation = await evaluate(options, store);
    showProgress('');
    for (const { file, reason } of evaluation.skipped) {
      process.stderr.write(`left out: ${printable(`${file} ${reason}`)}\n`);
    }
    const text = options.json ? JSON.stringify(evaluation, null, 2) : describeEvaluation(evaluation).join('\n');
    process.stdout.write(`${text}\n`);
    return exitCodes.ok;
  } finally {
    showProgress('');
    await store.dispose();
  }
}

async function evaluate(options: EvaluateModelOptions, store: DisposableStore): Promise<EvaluationDocument> {
  const { model, back, out } = options;
  const folders = await scanFolders(options);
  const device = { choice: parseEngineChoice(options.engine ?? 'auto'), threads: options.threads };
  const engine = store.add(
    await openEngine(device.choice, { threads: device.threads, onDeviceSkipped: printSkippedDevice }),
  );
  const translate = await openModel(model, device, store);
  const returning = back === undefined ? undefined : await openModel(back, device, store);
  const evaluator = store.add(await createEvaluator(await evaluatorOptions(options, folders, engine, store)));
  const sheets = out === undefined ? undefined : new EvaluationSheets(resolve(out));
  const evaluation = await evaluator.evaluate({ translate, back: returning, onTranslated: one => sheets?.add(one) });
  const pages = (await sheets?.write(evaluation)) ?? [];
  const skipped = [...skippedIn(folders), ...evaluation.skipped];
  const document = { model, ...(back !== undefined && { back }), sheets: pages, ...evaluation, skipped };
  if (out !== undefined) await writeFileAtomic(join(out, 'evaluation.json'), `${JSON.stringify(document, null, 2)}\n`);
  return document;
}

function requireSense({ b, paired, classes, trainA, trainB, features }: EvaluateModelOptions): void {
  const usage = (message: string) => new CycleboxError('USAGE', message);
  if ((trainA === undefined) !== (trainB === undefined)) throw usage('Give --train-a and --train-b together.');
  if (trainA !== undefined && b === undefined)
    throw usage('--train-a and --train-b need --b, to try the classifier on.');
  if (classes !== undefined && paired === undefined)
    throw usage('--classes needs --paired: true images to compare with.');
  if (features !== undefined && b === undefined && paired === undefined)
    throw usage('--features needs --b to compare with.');
}

/** What is in the folders that were named. */
interface Folders {
  readonly a: FolderScan;
  readonly b: FolderScan | undefined;
  readonly paired: FolderScan | undefined;
  readonly trainA: FolderScan | undefined;
  readonly trainB: FolderScan | undefined;
}

/** @throws FILE_NOT_FOUND, FILE_UNREADABLE, DATASET_EMPTY naming the folder */
async function scanFolders({ a, b, paired, trainA, trainB }: EvaluateModelOptions): Promise<Folders> {
  const scan = async (folder: string | undefined) => (folder === undefined ? undefined : await scanFolder(folder));
  return {
    a: await scanFolder(a),
    b: await scan(b),
    paired: await scan(paired),
    trainA: await scan(trainA),
    trainB: await scan(trainB),
  };
}

async function evaluatorOptions(
  options: EvaluateModelOptions,
  folders: Folders,
  engine: Engine,
  store: DisposableStore,
) {
  const { classes, features, size, limit, seed, cache } = options;
  const { a, b, paired, trainA, trainB } = folders;
  const counterparts = paired && counterpartsOf(a, paired);
  const network = features === undefined ? undefined : store.add(await openFeatures(engine, features, options));
  return {
    engine,
    domains: options.domains ?? (await namesIn(options.model)),
    heldA: filesOf(a),
    heldB: b ? filesOf(b) : counterparts && [...counterparts.values()],
    trainA: trainA && filesOf(trainA),
    trainB: trainB && filesOf(trainB),
    counterparts,
    classes: classes === undefined ? undefined : parseColourClasses(classes),
    features: network,
    asked: await askedMetrics(options, store),
    ...{ size, limit, seed },
    cacheFolder: cache === undefined ? join(defaultCacheFolder(), 'evaluation') : resolve(cache),
    onProgress: printProgress,
  };
}

/** The plugins of the project in this folder, and of those that are named. Loaded only where they are asked for. */
async function askedMetrics({ metric = [], plugins = [] }: EvaluateModelOptions, store: DisposableStore) {
  if (metric.length === 0) return undefined;
  const { openPluginSession } = await import('../plugins/index.js');
  const { host } = store.add(await openPluginSession({ config: 'watch-config.json', plugins }));
  const metrics = [...new Set(metric)].map(name => {
    if (isPluginName(name)) return pluginMetric(host, name);
    throw new CycleboxError(
      'USAGE',
      `--metric ${name}: a metric of a plugin is PLUGIN/ID, such as colours/colourfulness.`,
    );
  });
  return { metrics } satisfies AskedMetrics;
}

/** Files that were seen to be no images before any was decoded. */
function skippedIn(folders: Folders): readonly SkippedImage[] {
  const scans = Object.values(folders) as readonly (FolderScan | undefined)[];
  return scans.flatMap(
    scan => scan?.skipped.map(({ file, reason }) => ({ file: join(scan.folder, file), reason })) ?? [],
  );
}

function openFeatures(
  engine: Engine,
  path: string,
  { featuresRange: range, featuresSize: size }: EvaluateModelOptions,
) {
  return FeatureNetwork.open(engine, path, { range, size });
}

/** As `cyclebox translate` does it, from pixels to pixels. */
async function openModel(
  model: string,
  { choice, threads }: { readonly choice: EngineChoice; readonly threads: number | undefined },
  store: DisposableStore,
): Promise<TranslateImage> {
  const translator = store.add(await openTranslator({ model, engine: choice, precision: 'float32', threads }));
  return async image => planesOf((await translator.translatePicture(pictureOf(image))).picture);
}

function filesOf({ folder, images }: FolderScan): readonly string[] {
  return images.map(({ file }) => join(folder, file));
}

/** From files of one folder to those of the other that have the same path but for the ending. @throws DATASET_EMPTY */
function counterpartsOf(a: FolderScan, b: FolderScan): ReadonlyMap<string, string> {
  const pairs = matchPairs(a, b).pairs.map(
    ({ files: [x, y] }) => [join(a.folder, x!.file), join(b.folder, y!.file)] as const,
  );
  return new Map(pairs);
}

/** What the model's metadata says, or A and B. */
async function namesIn(model: string): Promise<readonly [string, string]> {
  const { metadata } = decodeOnnx(await readRegularFile(model), model);
  return [metadata[metadataKeys.from] ?? 'A', metadata[metadataKeys.to] ?? 'B'];
}

const phases = {
  reading: 'reading images',
  fitting: 'fitting the style classifier',
  translating: 'translating',
  measuring: 'measuring',
} as const satisfies Record<EvaluationProgress['phase'], string>;

function printProgress({ phase, done }: EvaluationProgress): void {
  showProgress(`${phases[phase]}${done > 0 ? ` ${Math.floor(100 * done)} %` : ''} …`);
}

/** A line that the next one replaces; only where somebody is looking. */
function showProgress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}
