/** The service where no daemon runs: the journal itself, under the lock of its state folder until the service is disposed of. */
import type { Disposable } from '../base/index.js';
import { openQueue } from '../inbox/index.js';
import { type DaemonConfig, resolveModels } from './config/index.js';
import type { DaemonService } from './control/index.js';

/** @throws STATE_LOCKED, JOURNAL_INVALID */
export async function openOwnService(config: DaemonConfig): Promise<DaemonService & Disposable> {
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
