/**
 * A model file as the engines get it: its bytes with all that it keeps in other files, and the sum of all of them. The
 * bytes that are handed out are those that were summed; nothing is opened a second time, and nothing outside the
 * model's own folder at all. What a model computes is not judged here.
 */
import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { dirname, relative, resolve, sep } from 'node:path';
import { CycleboxError, FileTooLargeError, readRegularFile, systemCodeOf, withRegularFile } from '../base/index.js';
import { embedExternalData } from './external-data.js';
import { type OnnxOutline, outlineOf } from './outline.js';

export interface ModelFileFacts {
  /** In lower-case hex: of the file's content, or, where weights lie in other files, as `sumOf` says. */
  readonly sha256: string;
  /** Of all files together. */
  readonly sizeBytes: number;
  readonly outline: OnnxOutline;
}

export interface ModelBytes extends ModelFileFacts {
  /** Whole: nothing of it lies in other files any more. */
  readonly bytes: Uint8Array;
}

/** What protobuf can hold, and with it every ONNX runtime that is handed bytes. */
const mostBytes = 2 ** 31 - 1;

/** @throws MODEL_MISSING, MODEL_INVALID naming the file */
export async function readModelFile(path: string): Promise<ModelBytes> {
  const { bytes, outline } = await readMain(path);
  const contents = new Map<string, Uint8Array>();
  const sums: FileSum[] = [];
  for (const location of outline.locations) {
    const content = await readRegularFile(await besideModel(path, location)).catch(error => {
      throw unreadable(path, error, location);
    });
    contents.set(location, content);
    sums.push({ location, sha256: hexSum(content), sizeBytes: content.length });
  }
  const whole = contents.size === 0 ? bytes : embedExternalData(bytes, contents, path);
  if (whole.length > mostBytes) throw tooLarge(path);
  return { bytes: whole, outline, ...sumOf(bytes, sums) };
}

/** The same without the weights of other files, which are summed only: in little memory. @throws as `readModelFile` */
export async function inspectModelFile(path: string): Promise<ModelFileFacts> {
  const { bytes, outline } = await readMain(path);
  const sums: FileSum[] = [];
  for (const location of outline.locations) sums.push(await sumFile(path, location));
  return { outline, ...sumOf(bytes, sums) };
}

/** The outline of a model that is at hand as bytes only. @throws MODEL_INVALID also where it has weights elsewhere */
export function outlineOfBytes(bytes: Uint8Array, name: string): OnnxOutline {
  const outline = outlineOf(bytes, name);
  const [location] = outline.locations;
  if (location === undefined) return outline;
  throw new CycleboxError(
    'MODEL_INVALID',
    `${name} keeps weights in another file (${location}), and was handed over as bytes alone. Name it by its path.`,
  );
}

async function readMain(path: string): Promise<{ readonly bytes: Uint8Array; readonly outline: OnnxOutline }> {
  const bytes = await readRegularFile(path, mostBytes).catch(error => {
    throw unreadable(path, error);
  });
  return { bytes, outline: outlineOf(bytes, path) };
}

interface FileSum {
  readonly location: string;
  readonly sha256: string;
  readonly sizeBytes: number;
}

/**
 * A model of one file has that file's sum. One of several has the sum of the lines that `sha256sum` writes of them, the
 * model itself as `-`: no content can be moved from one file to another without changing it.
 */
function sumOf(bytes: Uint8Array, others: readonly FileSum[]): Pick<ModelFileFacts, 'sha256' | 'sizeBytes'> {
  const own = hexSum(bytes);
  const sizeBytes = others.reduce((sum, other) => sum + other.sizeBytes, bytes.length);
  if (others.length === 0) return { sha256: own, sizeBytes };
  const lines = [`${own}  -\n`, ...others.map(({ sha256, location }) => `${sha256}  ${location}\n`)];
  return { sha256: hexSum(Buffer.from(lines.join(''))), sizeBytes };
}

function hexSum(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

const chunkBytes = 4 * 2 ** 20;

async function sumFile(model: string, location: string): Promise<FileSum> {
  const path = await besideModel(model, location);
  const hash = createHash('sha256');
  try {
    return await withRegularFile(path, async file => {
      for (let at = 0; at < file.size; at += chunkBytes) {
        hash.update(await file.read(at, Math.min(chunkBytes, file.size - at)));
      }
      return { location, sha256: hash.digest('hex'), sizeBytes: file.size };
    });
  } catch (error) {
    throw unreadable(model, error, location);
  }
}

/** The file of that name in the model's own folder; links may not lead out of it. */
async function besideModel(model: string, location: string): Promise<string> {
  if (location === '' || /[\\:\0]/.test(location)) throw outside(model, location);
  try {
    const folder = dirname(await realpath(model));
    requireInside(folder, resolve(folder, location), model, location);
    const path = await realpath(resolve(folder, location));
    requireInside(folder, path, model, location);
    return path;
  } catch (error) {
    throw unreadable(model, error, location);
  }
}

function requireInside(folder: string, path: string, model: string, location: string): void {
  const way = relative(folder, path);
  if (way === '' || way === '..' || way.startsWith(`..${sep}`) || resolve(way) === way) throw outside(model, location);
}

function outside(file: string, location: string): CycleboxError {
  return new CycleboxError(
    'MODEL_INVALID',
    `${file} keeps weights in "${location}", which leads out of its folder. A model's files lie together: ` +
      'export it with its weights beside it, or inside.',
    { subject: { file } },
  );
}

/** @param location of the file beside the model that was being read, if it was one */
function unreadable(file: string, error: unknown, location?: string): CycleboxError {
  if (error instanceof CycleboxError) return error;
  if (error instanceof FileTooLargeError) return tooLarge(file);
  const what = location === undefined ? `The model file ${file}` : `${location}, where ${file} keeps weights,`;
  const isThere = systemCodeOf(error) !== 'ENOENT';
  const why = isThere ? `could not be read: ${(error as Error).message}` : 'is not there';
  const remedy = isThere || location === undefined ? '' : ' Copy it into the folder of the model.';
  return new CycleboxError('MODEL_MISSING', `${what} ${why}.${remedy}`, { subject: { file }, cause: error });
}

function tooLarge(file: string): CycleboxError {
  return new CycleboxError(
    'MODEL_INVALID',
    `${file} has more than 2 GB with its weights, which is the most that is loaded.`,
    {
      subject: { file },
    },
  );
}
