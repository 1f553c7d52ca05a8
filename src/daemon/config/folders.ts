/**
 * The folders of a configuration: made where they are missing, and kept apart, since an outbox inside the inbox would
 * feed the daemon its own results. Links are looked through, also above folders that are not there yet.
 */
import { mkdir, realpath } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { CycleboxError } from '../../base/index.js';
import type { DaemonConfig } from './config.js';

/** @throws CONFIG_INVALID when two folders that must lie apart do not */
export async function checkFolders(config: DaemonConfig): Promise<void> {
  const { inbox, outbox, state, archive } = config;
  await requireApart('inbox', inbox, 'outbox', outbox);
  await requireApart('inbox', inbox, 'state', state);
  await requireApart('outbox', outbox, 'state', state);
  if (config.afterSuccess !== 'archive') return;
  await requireApart('inbox', inbox, 'archive', archive);
  await requireApart('outbox', outbox, 'archive', archive);
}

/** @throws WRITE_FAILED */
export async function makeFolders(folders: readonly string[]): Promise<void> {
  for (const folder of folders) {
    try {
      await mkdir(folder, { recursive: true });
    } catch (cause) {
      const message = `The folder ${folder} could not be made: ${(cause as Error).message}`;
      throw new CycleboxError('WRITE_FAILED', message, { subject: { file: folder }, cause });
    }
  }
}

async function requireApart(nameA: string, a: string, nameB: string, b: string): Promise<void> {
  const [realA, realB] = await Promise.all([realFolder(a), realFolder(b)]);
  if (!contains(realA, realB) && !contains(realB, realA)) return;
  const message = `${nameA} (${realA}) and ${nameB} (${realB}) must lie apart: neither may be inside the other.`;
  throw new CycleboxError('CONFIG_INVALID', message, { subject: { file: b } });
}

/** Where a folder is, or would come to be, with all links followed. */
async function realFolder(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    const parent = dirname(path);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === path) return path;
    return join(await realFolder(parent), basename(path));
  }
}

function contains(outer: string, inner: string): boolean {
  const way = relative(outer, inner);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !/^[a-z]:/i.test(way));
}
