/**
 * The service behind `cyclebox status` and `cyclebox queue`: that of the daemon which owns the state folder, or,
 * where none runs, the journal itself, under the lock for as long as the command takes.
 */
import type { Disposable } from '../base/index.js';
import { openQueue } from '../inbox/index.js';
import { type DaemonConfig, resolveModels } from './config/index.js';
import { connectControl, type DaemonService } from './control/index.js';
import { retryWhileLocked } from './retry-while-locked.js';

/** @throws STATE_LOCKED when the owner does not answer, JOURNAL_INVALID */
export async function openService(config: DaemonConfig): Promise<DaemonService & Disposable> {
  // Asked first: where a daemon runs, the lock is not touched.
  const running = await connectControl(config.state);
  if (running) return running;
  const result = await retryWhileLocked(
    () => openOwn(config),
    () => connectControl(config.state),
  );
  return 'opened' in result ? result.opened : result.answered;
}

async function openOwn(config: DaemonConfig): Promise<DaemonService & Disposable> {
  const { inbox, outbox, state } = config;
  const { router } = await resolveModels(config);
  const queue = openQueue({ inbox, outbox, state, route: router });
  return {
    status: async () => ({ ...queue.status(), inbox, outbox, state }),
    list: async query => queue.list(query),
    retry: async which => queue.retry(which),
    cancel: async which => queue.cancel(which),
    pause: async reason => queue.pause(reason),
    resume: async () => queue.resume(),
    purge: async which => queue.purge(which),
    reload: async () => ({ kind: 'unchanged' }),
    dispose: () => queue.dispose(),
  };
}
