/** A configuration looked at without being put to work: nothing is made, locked or written. */
import { lstat } from 'node:fs/promises';
import type { CycleboxError } from '../base/index.js';
import { inspectInbox, type PlannedAction } from '../inbox/index.js';
import { checkFolders, type DaemonConfig, type Route, resolveModels } from './config/index.js';
import { connectControl } from './control/index.js';
import { passedOver } from './settings.js';

/** @throws CONFIG_INVALID when folders that must lie apart do not */
export async function inspectConfig(
  config: DaemonConfig,
): Promise<{ readonly routes: readonly Route[]; readonly problems: readonly CycleboxError[] }> {
  await checkFolders(config);
  const { routes, problems } = await resolveModels(config);
  return { routes, problems };
}

/**
 * What the daemon would do with each file that is in the inbox now.
 * @throws CONFIG_INVALID as above, JOURNAL_INVALID
 */
export async function* inspectFiles(config: DaemonConfig): AsyncGenerator<PlannedAction> {
  await checkFolders(config);
  const { router } = await resolveModels(config);
  const { inbox, state } = config;
  const ignore = passedOver(config);
  if (!(await lstat(inbox).catch(() => undefined))) return;
  const daemon = await connectControl(state);
  try {
    yield* inspectInbox({ inbox, state, ignore, route: router, isInUse: daemon !== undefined });
  } finally {
    await daemon?.dispose();
  }
}
