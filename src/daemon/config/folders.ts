/**
 * The folders of a configuration: made where they are missing, and kept apart, since an outbox inside the inbox would
 * feed the daemon its own results.
 */
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CycleboxError, makeFolder, requireApart } from '../../base/index.js';
import type { DaemonConfig } from './config.js';

/** @throws CONFIG_INVALID when two folders that must lie apart do not, or one of them is a file */
export async function checkFolders(config: DaemonConfig): Promise<void> {
  const { inbox, outbox, state, archive } = config;
  for (const key of ['inbox', 'outbox', 'state'] as const) await requireFolder(key, config[key]);
  await requireApart('inbox', inbox, 'outbox', outbox);
  await requireApart('inbox', inbox, 'state', state);
  await requireApart('outbox', outbox, 'state', state);
  if (config.afterSuccess !== 'archive') return;
  await requireFolder('archive', archive);
  await requireApart('inbox', inbox, 'archive', archive);
  await requireApart('outbox', outbox, 'archive', archive);
  await requireApart('state', state, 'archive', archive);
}

/** What is not there can be made, unless a part of the way to it is a file. */
async function requireFolder(key: string, path: string): Promise<void> {
  for (let place = path; ; place = dirname(place)) {
    const found = await stat(place).catch(() => undefined);
    if (!found && place !== dirname(place)) continue;
    if (found && !found.isDirectory()) {
      const where = place === path ? 'is a file' : `cannot be a folder, since ${place} is a file`;
      const message = `${key}: ${path} ${where}; name a folder, or move the file away.`;
      throw new CycleboxError('CONFIG_INVALID', message, { subject: { file: place } });
    }
    return;
  }
}

/** @throws WRITE_FAILED */
export async function makeFolders(folders: readonly string[]): Promise<void> {
  for (const folder of folders) {
    try {
      await makeFolder(folder);
    } catch (cause) {
      const message = `The folder ${folder} could not be made: ${(cause as Error).message}`;
      throw new CycleboxError('WRITE_FAILED', message, { subject: { file: folder }, cause });
    }
  }
}
