/**
 * The folders of a configuration: made where they are missing, and kept apart, since an outbox inside the inbox would
 * feed the daemon its own results.
 */
import { mkdir } from 'node:fs/promises';
import { CycleboxError, requireApart } from '../../base/index.js';
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
