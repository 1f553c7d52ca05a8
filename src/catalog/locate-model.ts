/**
 * Finds the file of a model that a manifest names: in the plugin's own folder, else in the model store, and nowhere
 * else, whatever the path or a link in it says. Does not open the model; an engine does.
 */
import { realpath, stat } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { CycleboxError, packageRoot, sha256File } from '../base/index.js';
import type { ModelContribution } from '../plugin-api/index.js';

export interface ModelPlaces {
  /** The folder of the plugin whose manifest names the model; looked into first. */
  readonly pluginFolder?: string;
  /** Default: `models/` of this package. */
  readonly storeFolder?: string;
}

export interface ModelFile {
  /** Absolute, links resolved. */
  readonly path: string;
  /** Of the content, in lower-case hex: two files with the same one are the same model. */
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** The models that come with cyclebox, and those that a user puts beside them. */
export const defaultModelStore: string = join(packageRoot, 'models');

/**
 * @throws CycleboxError MODEL_MISSING naming the places looked at, MODEL_HASH_MISMATCH, MODEL_INVALID when the path
 * leads out of both places
 */
export async function locateModel(reference: ModelContribution, places: ModelPlaces): Promise<ModelFile> {
  const folders = [places.pluginFolder, places.storeFolder ?? defaultModelStore].filter(folder => folder !== undefined);
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
    return (await stat(realFile)).isFile() ? realFile : undefined;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
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
  const [sha256, { size }] = await Promise.all([sha256File(path), stat(path)]);
  if (reference.sha256 === undefined || reference.sha256 === sha256) return { path, sha256, sizeBytes: size };
  throw new CycleboxError(
    'MODEL_HASH_MISMATCH',
    `${path} has the SHA-256 ${sha256}, but its manifest names ${reference.sha256}. ` +
      'The file was changed or damaged: fetch it again, or put the new sum into the manifest.',
    { subject: { file: path } },
  );
}
