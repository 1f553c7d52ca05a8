/**
 * The work of `cyclebox translate`: files through one translator, of which a few are on their way at a time: one is decoded and
 * another encoded while a third runs. Results are named and told in the order of the files. A file that fails stops nothing
 * but itself. Results go to stdout, errors and progress to stderr, so that either can be piped.
 */
import { mkdir, rm } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import {
  asCycleboxError,
  CycleboxError,
  type ErrorData,
  errorToData,
  formatDuration,
  type MetadataPolicy,
  readRegularFile,
  temporaryPathFor,
} from '../../base/index.js';
import { type EngineChoice, type Precision, parseEngineChoice } from '../../engine/index.js';
import { type Colour, type ImageFormat, nameFault, type OutputOptions, outputFault } from '../../picture/index.js';
import type { Scale, Tiling } from '../../plugin-api/index.js';
import { outputOptionsOf, parseScale, type WrittenOutput } from '../../plugin-host/index.js';
import type { PictureSize, TranslatedImage } from '../../translate/index.js';
import { printSkippedDevice } from '../options/index.js';
import { type PairPlaces, type PluginChanges, pairPlaces } from '../plugins/index.js';
import { exitCodes, printError } from '../terminal/index.js';
import { inOrder } from './in-order.js';
import { pairsName, resultName } from './result-name.js';
import { TranslatorProcess } from './translator-process.js';
import type { OpenedTranslator, TranslatorListener, WrittenImage } from './translator-protocol.js';
import type { UpdatedOutputs } from './update-outputs.js';
import { nameBeside, writeBeside } from './write-beside.js';

/** The options as the command line gives them. */
export interface TranslateFilesOptions {
  readonly pair?: string;
  readonly to?: string;
  readonly out: string;
  /** What results are like; the pair says the rest. */
  readonly format?: ImageFormat | 'source';
  readonly quality?: number;
  readonly lossless?: boolean;
  readonly chroma?: string;
  readonly compression?: number | string;
  readonly depth?: 'source' | 8 | 16;
  readonly colour?: Colour;
  /** A template of their names. */
  readonly name?: string;
  readonly model?: string;
  /** Of the weight file `model`: which of its networks, and what describes one that nobody knows. */
  readonly network?: string;
  readonly architecture?: string;
  readonly plugins?: readonly string[];
  /** Ids of what plugins change before and after the translation, in their order. */
  readonly preprocess?: readonly string[];
  readonly postprocess?: readonly string[];
  readonly models?: string;
  readonly memoryLimit?: number;
  readonly maxMegapixels?: number;
  readonly metadata?: MetadataPolicy;
  readonly scale?: string;
  readonly tiling?: Tiling;
  readonly engine?: string;
  readonly precision?: 'auto' | Precision;
  readonly threads?: number;
  /** Seconds for one image, and for opening the model. */
  readonly timeout?: number;
  /** `update`: a result replaces what an earlier run with this option made of the same image. Default `suffix`. */
  readonly onCollision?: 'suffix' | 'update';
  readonly json?: boolean;
}

type FileResult =
  | {
      readonly file: string;
      readonly output: string;
      readonly width: number;
      readonly height: number;
      readonly format: ImageFormat;
      readonly notes: readonly string[];
      readonly tiles: number;
      readonly tiling?: Tiling | undefined;
      readonly device: EngineChoice;
      readonly precision: Precision;
      readonly scale: Scale;
      readonly shownAs: PictureSize;
      readonly ms: number;
    }
  | { readonly file: string; readonly error: Pick<ErrorData, 'code' | 'message'> };

/** @returns the exit code. @throws what keeps every file from being translated: a missing model, wrong options. */
export async function translateFiles(files: readonly string[], options: TranslateFilesOptions): Promise<number> {
  requireDirection(options);
  const output = outputOf(options);
  requireName(options);
  const changes = await changesOf(options);
  const places = options.model === undefined ? await pairPlaces(options.plugins) : undefined;
  let at = '';
  const lanes = files.length >= manyFiles ? lanesOfMany : 1;
  const translator = translatorFor({ ...options, lanes }, places, {
    between: stage => changes?.at(stage, translator.exchange),
    progress: fraction => showProgress(`${at} ${Math.floor(fraction * 100)} %`),
  });
  const named = { ...options, ...(await pairsName(options, places)) };
  const updated = await updatedOutputs(options);
  try {
    const opened = await translator.open();
    printDevice(opened);
    const results: FileResult[] = [];
    const task: Task = { options: named, output, updated, changes, told: { atMs: 0 } };
    const start = (file: string) => startFile(translator, file, task);
    // What plugins change waits for them in the process, one at a time.
    for await (const [index, { file, done }] of inOrder(files, changes ? 1 : onTheirWay, start)) {
      at = `${index + 1}/${files.length} ${file} …`;
      showProgress(at);
      const result = await done();
      showProgress('');
      if (!options.json && !('error' in result)) process.stdout.write(`${describe(result)}\n`);
      results.push(result);
    }
    if (options.json) process.stdout.write(`${JSON.stringify(toDocument(opened, options, results), null, 2)}\n`);
    return results.some(result => 'error' in result) ? exitCodes.failed : exitCodes.ok;
  } finally {
    await updated?.dispose();
    await translator.dispose();
    await changes?.dispose();
  }
}

/** Loaded only where plugins are asked for. */
async function changesOf(options: TranslateFilesOptions): Promise<PluginChanges | undefined> {
  const { preprocess = [], postprocess = [] } = options;
  if (preprocess.length + postprocess.length === 0) return undefined;
  const { PluginChanges } = await import('../plugins/index.js');
  return await PluginChanges.open({ ...options, preprocess, postprocess });
}

/** Loaded only where it is asked for: it brings a database. */
async function updatedOutputs({ out, onCollision }: TranslateFilesOptions): Promise<UpdatedOutputs | undefined> {
  if (onCollision !== 'update') return undefined;
  const { UpdatedOutputs } = await import('./update-outputs.js');
  return new UpdatedOutputs(resolve(out));
}

/** How the ledger of the results' folder calls it, as a daemon does where it is a pair's. */
function translationOf({ pair, to, model }: TranslateFilesOptions): string {
  return model === undefined ? `${pair}/${to}` : resolve(model);
}

/** Of the daemon, too (`jobTimeoutMs`). */
const defaultTimeoutSeconds = 600;

function translatorFor(
  options: TranslateFilesOptions & { readonly lanes: number },
  found: PairPlaces | undefined,
  { between, progress }: Pick<TranslatorListener, 'between' | 'progress'>,
): TranslatorProcess {
  const { model, pair, to, models: modelStore = found?.models, memoryLimit: memoryLimitBytes } = options;
  const { maxMegapixels, metadata, precision, threads, lanes, timeout = defaultTimeoutSeconds } = options;
  const engine = parseEngineChoice(options.engine ?? 'auto');
  const scale = options.scale === undefined ? undefined : parseScale(options.scale);
  const { network: named, architecture } = options;
  const network = { model, network: named, architecture, pair, to, pluginPlaces: found?.places, modelStore };
  return new TranslatorProcess({
    open: {
      ...network,
      engine,
      precision,
      threads,
      lanes,
      memoryLimitBytes,
      maxMegapixels,
      metadata,
      scale,
      tiling: options.tiling,
    },
    timeoutMs: timeout * 1000,
    listener: {
      between,
      progress,
      memoryStep: message => void process.stderr.write(`${message}\n`),
      deviceSkipped: printSkippedDevice,
    },
  });
}

function requireDirection({ pair, to, model }: TranslateFilesOptions): void {
  if (model !== undefined || (pair !== undefined && to !== undefined)) return;
  const message = 'Say what to translate to: --pair and --to, such as --pair satellite-map --to map, or --model FILE.';
  throw new CycleboxError('USAGE', `${message} "cyclebox pairs" lists what there is.`);
}

/** The CPU is the usual place; of others it is said which card, or which backend of TensorFlow.js. */
function printDevice({ device: { id, name } }: OpenedTranslator): void {
  if (id !== 'cpu') process.stderr.write(`translating on ${name} (${id})\n`);
}

/** @throws USAGE for what the format does not have */
function outputOf(options: TranslateFilesOptions): OutputOptions {
  const { format, quality, lossless, chroma, compression, depth, colour } = options;
  const written = { format, quality, lossless, chroma, compression, depth, colour };
  const output = outputOptionsOf(written as WrittenOutput);
  const fault = outputFault(output);
  if (!fault) return output;
  throw new CycleboxError('USAGE', `--${fault.option} ${fault.message}.`);
}

/** @throws USAGE */
function requireName({ name }: TranslateFilesOptions): void {
  const fault = name === undefined ? undefined : nameFault(name);
  if (fault !== undefined) throw new CycleboxError('USAGE', `--name "${name}" ${fault.replace(/[^.?]$/, '$&.')}`);
}

/** What holds for all files. */
interface Task {
  readonly options: TranslateFilesOptions;
  readonly output: OutputOptions;
  readonly updated: UpdatedOutputs | undefined;
  readonly changes: PluginChanges | undefined;
  /** When the last result was there: of what goes on beside others, the time is told that it took besides theirs. */
  readonly told: { atMs: number };
}

/** One is decoded, two run where the network takes two, one is encoded and one named. */
const onTheirWay = 5;

/** From so many files on, opening the network's lanes takes less time than they save. */
const manyFiles = 24;
const lanesOfMany = 2;

interface StartedFile {
  readonly file: string;
  /** Waits for the translation and gives the result its name. */
  readonly done: () => Promise<FileResult>;
}

function startFile(translator: TranslatorProcess, file: string, task: Task): StartedFile {
  const startMs = performance.now();
  const target = temporaryPathFor(join(resolve(task.options.out), basename(file)));
  const translated = translateTo(target, translator, file, task);
  // Whoever takes the result looks at it; until then it is nobody's fault.
  translated.catch(() => {});
  const done = async () => {
    const result = await finishFile(file, target, translated, task);
    const ms = Math.round(performance.now() - Math.max(startMs, task.told.atMs));
    task.told.atMs = performance.now();
    return 'error' in result ? result : { ...result, ms };
  };
  return { file, done };
}

async function translateTo(
  target: string,
  translator: TranslatorProcess,
  file: string,
  { options: { out }, output, changes }: Task,
): Promise<TranslatedImage | WrittenImage> {
  changes?.begin(file);
  await mkdir(resolve(out), { recursive: true });
  try {
    return await translator.translate({ file, options: output, isChanged: changes !== undefined, target });
  } catch (error) {
    await rm(target, { force: true });
    throw error;
  }
}

async function finishFile(
  file: string,
  target: string,
  translated: Promise<TranslatedImage | WrittenImage>,
  { options, updated }: Task,
): Promise<FileResult> {
  try {
    const { out } = options;
    const image = await translated;
    const name = await resultName(file, options, image);
    const { data, ...facts } = image;
    const output = updated
      ? await updated.write(file, translationOf(options), name, data ?? (await takeFile(target)))
      : await (data ? writeBeside(resolve(out), name, data) : nameBeside(resolve(out), name, target));
    return { file, output, ...facts, ms: 0 };
  } catch (error) {
    const coded = asCycleboxError(error, { file });
    showProgress('');
    printError(coded);
    const { code, message } = errorToData(coded);
    return { file, error: { code, message } };
  }
}

async function takeFile(path: string): Promise<Buffer> {
  try {
    return await readRegularFile(path);
  } finally {
    await rm(path, { force: true });
  }
}

type Translated = Exclude<FileResult, { error: unknown }>;

function describe(result: Translated): string {
  const { file, output, width, height, device, precision, ms } = result;
  const pieces = describeTiles(result);
  const where = device === 'cpu' ? '' : ` on ${device} in ${precision}`;
  const said = result.notes.map(note => `\n  ${note}`).join('');
  return `${file} → ${output} (${width} × ${height}, ${duration(ms)}${where}${describeScale(result)}${pieces})${said}`;
}

function duration(ms: number): string {
  return ms < 10_000 ? `${ms} ms` : formatDuration(ms);
}

const sharedStatistics: Readonly<Record<Tiling, string>> = {
  exact: ', with the statistics of the whole image',
  thumbnail: ', with the statistics of a small copy',
  independent: ', each by itself',
};

function describeTiles({ tiles, tiling = 'independent' }: Pick<Translated, 'tiles' | 'tiling'>): string {
  return tiles === 1 ? '' : `, in ${tiles} tiles to stay within the memory limit${sharedStatistics[tiling]}`;
}

/** A picture that was shown smaller has new patterns as coarse as that, and whoever looks at it should know. */
function describeScale({
  width,
  height,
  scale,
  shownAs,
}: Pick<Translated, 'width' | 'height' | 'scale' | 'shownAs'>): string {
  if (scale === 'native') return '';
  const size = `translated at ${shownAs.width} × ${shownAs.height}${scale === 'trained' ? ', the trained scale' : ''}`;
  const times = width / shownAs.width;
  if (times <= 1 || height <= shownAs.height) return `, ${size}`;
  return `, ${size}; detail is the image's, what is new is enlarged ${times.toPrecision(2)} times`;
}

function toDocument({ model }: OpenedTranslator, { pair, to }: TranslateFilesOptions, results: readonly FileResult[]) {
  return { ...(pair === undefined ? {} : { pair }), ...(to === undefined ? {} : { to }), model, results };
}

/** A line that the next one replaces; only where somebody is looking. */
function showProgress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}
