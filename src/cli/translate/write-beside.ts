/** Results on disk: under the wanted name, or, where that is taken, under `name (2).ext`, `name (3).ext`, … */
import { mkdir, open, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CycleboxError, numbered, takeFreeName, temporaryPathFor } from '../../base/index.js';

/**
 * Writes `data` into `folder`, which is made if need be, and never over another file.
 * @param name also of folders in it, with slashes
 * @returns the path it got
 * @throws CycleboxError WRITE_FAILED
 */
export async function writeBeside(folder: string, name: string, data: Uint8Array): Promise<string> {
  const temporary = temporaryPathFor(join(folder, name));
  try {
    await writeFlushed(temporary, data);
  } catch (error) {
    throw await failed(folder, name, temporary, error);
  }
  return await nameBeside(folder, name, temporary);
}

/** Gives a file that is written and flushed its name in `folder`, never that of another. @throws CycleboxError WRITE_FAILED */
export async function nameBeside(folder: string, name: string, temporary: string): Promise<string> {
  try {
    for (let number = 1; ; number++) {
      const path = join(folder, numbered(name, number));
      if ((await takeFreeName(temporary, path)) !== 'taken') return path;
    }
  } catch (error) {
    throw await failed(folder, name, temporary, error);
  }
}

async function failed(folder: string, name: string, temporary: string, cause: unknown): Promise<CycleboxError> {
  await rm(temporary, { force: true }).catch(() => {});
  const why = cause instanceof Error ? cause.message : String(cause);
  return new CycleboxError('WRITE_FAILED', `${join(folder, name)} could not be written: ${why}.`, { cause });
}

/** The folder is made if need be. */
export async function writeFlushed(path: string, data: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const handle = await open(path, 'wx');
  try {
    await handle.writeFile(data);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
