/**
 * A folder beside the one that is to appear, in the same file system, for it to grow in unseen. What processes that are
 * gone have left of earlier ones is removed when the next one is made.
 */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CycleboxError, systemCodeOf, temporaryOwner, temporaryPathFor } from '../base/index.js';

export interface StagingFolder {
  readonly path: string;
  /** Removes what is still there. */
  dispose(): Promise<void>;
}

const ownerPattern = /^dataset\.(\d+)$/;

/** @throws CycleboxError WRITE_FAILED */
export async function stagingFolder(target: string): Promise<StagingFolder> {
  try {
    await mkdir(dirname(target), { recursive: true });
    await sweep(dirname(target), basename(target));
    const path = temporaryPathFor(target, `dataset.${process.pid}`);
    await mkdir(path);
    return { path, dispose: () => rm(path, { recursive: true, force: true }) };
  } catch (cause) {
    const message = `${dirname(target)} cannot be written to: ${(cause as Error).message}. Name another folder with --out.`;
    throw new CycleboxError('WRITE_FAILED', message, { subject: { file: dirname(target) }, cause });
  }
}

async function sweep(folder: string, name: string): Promise<void> {
  const left = (await readdir(folder)).filter(each => each.includes(`@${name}-`) && isAbandoned(each));
  await Promise.all(left.map(each => rm(join(folder, each), { recursive: true, force: true })));
}

function isAbandoned(name: string): boolean {
  const pid = ownerPattern.exec(temporaryOwner(name) ?? '')?.[1];
  return pid !== undefined && Number(pid) !== process.pid && !isAlive(Number(pid));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCodeOf(error) !== 'ESRCH';
  }
}
