/**
 * The service behind `cyclebox status` and `cyclebox queue`: that of the daemon which owns the state folder, or,
 * where none runs, the journal itself, under the lock for as long as the command takes.
 */
import { CycleboxError, type Disposable } from '../base/index.js';
import { openQueue } from '../inbox/index.js';
import type { DaemonConfig } from './config.js';
import { connectControl } from './control-client.js';
import type { DaemonService } from './daemon-service.js';
import { resolveSetup } from './setup.js';

/** A daemon that is starting or stopping holds the lock without listening; that passes. */
const patienceMs = 5000;
const retryMs = 100;

/** @throws STATE_LOCKED when the owner does not answer, JOURNAL_INVALID */
export async function openService(config: DaemonConfig): Promise<DaemonService & Disposable> {
  const endMs = performance.now() + patienceMs;
  for (;;) {
    const running = await connectControl(config.state);
    if (running) return running;
    try {
      return await openOwn(config);
    } catch (error) {
      const isLocked = error instanceof CycleboxError && error.code === 'STATE_LOCKED';
      if (!isLocked || performance.now() > endMs) throw error;
    }
    await new Promise(resolve => setTimeout(resolve, retryMs));
  }
}

async function openOwn(config: DaemonConfig): Promise<DaemonService & Disposable> {
  const { inbox, outbox, state } = config;
  const { router } = await resolveSetup(config);
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
