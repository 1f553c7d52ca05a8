/** A configuration looked at without being put to work: nothing is made, locked or written. */
import { lstat } from 'node:fs/promises';
import type { CycleboxError } from '../base/index.js';
import { inspectInbox, type PlannedAction } from '../inbox/index.js';
import { checkFolders, type DaemonConfig, type Route, resolveModels } from './config/index.js';
import { connectControl } from './control/index.js';
import { likelyOutput } from './output-names.js';
import { passedOver } from './settings.js';

/** @throws CONFIG_INVALID when folders that must lie apart do not */
export async function inspectConfig(
  config: DaemonConfig,
): Promise<{ readonly routes: readonly Route[]; readonly problems: readonly CycleboxError[] }> {
  await checkFolders(config);
  const { routes, problems } = await resolveModels(config);
  return { routes, problems };
}

export interface LikelyResult {
  /** Where the result of what would be translated would come, relative to the outbox; what is not known yet is in braces. */
  readonly likely?: string;
}

/**
 * What the daemon would do with each file that is in the inbox now.
 * @throws CONFIG_INVALID as above, JOURNAL_INVALID
 */
export async function* inspectFiles(config: DaemonConfig): AsyncGenerator<PlannedAction & LikelyResult> {
  await checkFolders(config);
  const resolved = await resolveModels(config);
  const { router } = resolved;
  const { inbox, state } = config;
  const ignore = passedOver(config);
  if (!(await lstat(inbox).catch(() => undefined))) return;
  const daemon = await connectControl(state);
  try {
    const planned = inspectInbox({ inbox, state, ignore, route: router, isInUse: daemon !== undefined });
    for await (const action of planned) {
      const routing = action.kind === 'translate' ? router(action.path) : undefined;
      if (routing?.kind !== 'translate') yield action;
      else yield { ...action, likely: likelyOutput(resolved, action.path, routing.translation) };
    }
  } finally {
    await daemon?.dispose();
  }
}
