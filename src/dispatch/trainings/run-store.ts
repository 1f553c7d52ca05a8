/**
 * Where queued trainings lie for all machines: files under names, with `/`, that appear whole or not at all. It knows nothing of
 * trainings. What must stay true: of two that give the same new name, one is told that it was taken; all fencing rests on that.
 */
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  asCycleboxError,
  CycleboxError,
  copyRegularFile,
  isTemporaryName,
  makeFolder,
  readRegularText,
  syncFolder,
  takeFreeName,
  temporaryPathFor,
  writeFileAtomic,
} from '../../base/index.js';

export interface RunStore {
  /** For messages. */
  readonly name: string;
  /** Gives a name that nobody has; false when it is taken. @throws STORE_UNAVAILABLE */
  putNew(name: string, text: string): Promise<boolean>;
  /** Undefined where there is none. @throws STORE_UNAVAILABLE */
  read(name: string): Promise<string | undefined>;
  /** @param file absolute, on this machine @throws STORE_UNAVAILABLE; FILE_NOT_FOUND when `file` has gone */
  put(name: string, file: string): Promise<void>;
  /** @throws STORE_UNAVAILABLE, FILE_NOT_FOUND when it has gone */
  get(name: string, file: string): Promise<void>;
  /** All names below a folder, relative to it, in any order; none where it is not there. */
  list(folder: string): Promise<readonly string[]>;
  /** What lies directly in a folder; `''`: at the top. */
  children(folder: string): Promise<readonly string[]>;
  /** Removes what there is below a folder, or of one name. */
  remove(name: string): Promise<void>;
}

/** A folder that all machines see. */
export class SharedRuns implements RunStore {
  readonly name: string;
  readonly #root: string;

  /** @param root absolute, on this machine */
  constructor(root: string) {
    this.#root = root;
    this.name = root;
  }

  /** A share that is not mounted is not made anew in its place. @throws FILE_NOT_FOUND */
  static async open(root: string): Promise<SharedRuns> {
    const isThere = await stat(root).then(
      status => status.isDirectory(),
      () => false,
    );
    if (isThere) return new SharedRuns(root);
    const message = `${root} is not there: queued trainings lie in the folder "trainings.runs", which all machines see. Make or mount it.`;
    throw new CycleboxError('FILE_NOT_FOUND', message, { subject: { file: root } });
  }

  putNew(name: string, text: string): Promise<boolean> {
    return this.#orUnavailable(name, async path => {
      const temporary = temporaryPathFor(path);
      await writeFileAtomic(temporary, text);
      const given = await takeFreeName(temporary, path);
      if (given === 'taken') await rm(temporary, { force: true });
      return given !== 'taken';
    });
  }

  read(name: string): Promise<string | undefined> {
    return this.#orUnavailable(name, path =>
      readRegularText(path).catch(error => {
        if (isGone(error)) return undefined;
        throw error;
      }),
    );
  }

  put(name: string, file: string): Promise<void> {
    return this.#orUnavailable(name, path => copyWhole(file, path));
  }

  get(name: string, file: string): Promise<void> {
    return this.#orUnavailable(name, path => copyWhole(path, file));
  }

  list(folder: string): Promise<readonly string[]> {
    return this.#orUnavailable(folder, async path => filesBelow(path));
  }

  children(folder: string): Promise<readonly string[]> {
    return this.#orUnavailable(folder, path => orNone(readdir(path)));
  }

  remove(name: string): Promise<void> {
    return this.#orUnavailable(name, path => rm(path, { recursive: true, force: true, maxRetries: 3 }));
  }

  async #orUnavailable<T>(name: string, work: (path: string) => Promise<T>): Promise<T> {
    const path = join(this.#root, ...name.split('/'));
    try {
      return await work(path);
    } catch (error) {
      throw asCycleboxError(error, { file: path }, isGone(error) ? 'FILE_NOT_FOUND' : 'STORE_UNAVAILABLE');
    }
  }
}

async function copyWhole(from: string, to: string): Promise<void> {
  await makeFolder(dirname(to));
  const temporary = temporaryPathFor(to);
  try {
    await copyRegularFile(from, temporary);
    await rename(temporary, to);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(to));
}

/** Paths relative to `folder`, with `/`; temporary files are left out. */
export async function filesBelow(folder: string, prefix = ''): Promise<string[]> {
  const entries = await orNone(readdir(join(folder, ...prefix.split('/')), { withFileTypes: true }));
  const found: string[] = [];
  for (const entry of entries) {
    const name = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
    if (entry.isDirectory()) found.push(...(await filesBelow(folder, name)));
    else if (entry.isFile() && !isTemporaryName(entry.name)) found.push(name);
  }
  return found;
}

async function orNone<T>(listing: Promise<T[]>): Promise<T[]> {
  return listing.catch(error => {
    if (isGone(error)) return [];
    throw error;
  });
}

function isGone(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');
}
