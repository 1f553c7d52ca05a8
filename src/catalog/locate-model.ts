/**
 * Finds the file of a model that a manifest names: in the plugin's own folder, else in the model store, and nowhere
 * else, whatever the path or a link in it says. It reads what the file says of itself and runs nothing.
 */
import { realpath, stat } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { CycleboxError, packageRoot, sha256File, undefinedIfGone } from '../base/index.js';
import { inspectModel } from '../model-files/index.js';
import { imageInterfaceOf } from '../onnx/index.js';
import type { ModelContribution } from '../plugin-api/index.js';

export interface ModelPlaces {
  /** The folder of the plugin whose manifest names the model; looked into first. */
  readonly pluginFolder?: string;
  /** Default: `models/` of this package. */
  readonly storeFolder?: string;
  /** Looked into where the others do not have it. */
  readonly lastFolder?: string;
}

export interface ModelFile {
  /** Absolute, links resolved. */
  readonly path: string;
  /** Of the content, and that of the files beside it that belong to it, in lower-case hex: the same one, the same model. */
  readonly sha256: string;
  /** Of all its files. */
  readonly sizeBytes: number;
}

/** The models that come with cyclebox, and those that a user puts beside them. */
export const defaultModelStore: string = join(packageRoot, 'models');

/**
 * @throws CycleboxError MODEL_MISSING naming the places looked at, MODEL_HASH_MISMATCH, MODEL_INVALID when the path
 * leads out of both places or the file is no image-to-image network
 */
export async function locateModel(reference: ModelContribution, places: ModelPlaces): Promise<ModelFile> {
  const { pluginFolder, storeFolder = defaultModelStore, lastFolder } = places;
  const folders = [...new Set([pluginFolder, storeFolder, lastFolder])].filter(folder => folder !== undefined);
  for (const folder of folders) {
    const path = await fileIn(folder, reference.path);
    if (path !== undefined) return await verified(path, reference);
  }
  const tried = folders.map(folder => join(folder, reference.path)).join(' nor ');
  throw new CycleboxError('MODEL_MISSING', `The model ${reference.path} is not there: neither ${tried} exists.`);
}

async function fileIn(folder: string, path: string): Promise<string | undefined> {
  requireInside(resolve(folder), resolve(folder, path), path);
  if (path.includes('\\') || path.includes('\0')) throw outside(path);
  try {
    const [realFolder, realFile] = await Promise.all([realpath(folder), realpath(join(folder, path))]);
    requireInside(realFolder, realFile, path);
    if ((await stat(realFile)).isFile()) return realFile;
    // A model of TensorFlow.js is its folder, which is named by the file in it that says so.
    const inside = join(realFile, 'model.json');
    return (await stat(inside)).isFile() ? inside : undefined;
  } catch (error) {
    return undefinedIfGone(error as NodeJS.ErrnoException);
  }
}

function requireInside(folder: string, file: string, path: string): void {
  const way = relative(folder, file);
  if (way === '' || way === '..' || way.startsWith(`..${sep}`) || resolve(way) === way) throw outside(path);
}

function outside(path: string): CycleboxError {
  return new CycleboxError(
    'MODEL_INVALID',
    `The model path "${path}" leads out of its folder. A model lies inside its plugin's folder or the model store; ` +
      'copy the file there and name it by a relative path.',
    { subject: { file: path } },
  );
}

async function verified(path: string, reference: ModelContribution): Promise<ModelFile> {
  const { sha256, sizeBytes, outline } = await inspectModel(path).catch(async error => {
    // What is not the file that is meant needs no other reason.
    if (reference.sha256 !== undefined) requireSum(path, await sha256File(path), reference.sha256);
    throw error;
  });
  requireSum(path, sha256, reference.sha256);
  requireSize(path, sizeBytes, reference.size);
  if (outline) imageInterfaceOf(outline, path);
  return { path, sha256, sizeBytes };
}

/** Without a sum, the size alone can tell a file that was cut off. @throws MODEL_HASH_MISMATCH */
function requireSize(path: string, found: number, named: number | undefined): void {
  if (named === undefined || named === found) return;
  throw new CycleboxError(
    'MODEL_HASH_MISMATCH',
    `${path} has ${found} bytes, but its manifest names ${named}. Fetch the file again, or put the new size into the manifest.`,
    { subject: { file: path } },
  );
}

/** @throws MODEL_HASH_MISMATCH */
function requireSum(path: string, found: string, named: string | undefined): void {
  if (named === undefined || named === found) return;
  throw new CycleboxError(
    'MODEL_HASH_MISMATCH',
    `${path} has the SHA-256 ${found}, but its manifest names ${named}. ` +
      'The file was changed or damaged: fetch it again, or put the new sum into the manifest.',
    { subject: { file: path } },
  );
}
