/**
 * The service behind `cyclebox status` and `cyclebox queue`: that of the daemon which owns the state folder, or,
 * where none runs, the journal itself (own-service.ts, loaded then only). A configuration file that was broken while a daemon
 * runs does not keep anybody from asking it.
 */
import { asCycleboxError, type CycleboxError, type Disposable } from '../base/index.js';
import type { PluginFacts } from '../plugin-host/index.js';
import { type DaemonConfig, loadConfig, presumedState } from './config/index.js';
import { connectControl, type DaemonService } from './control/index.js';
import { retryWhileLocked } from './retry-while-locked.js';

export interface FoundService {
  readonly service: DaemonService & Disposable;
  /** Why the configuration file could not be used; a daemon runs, and answers without it. */
  readonly configFault?: CycleboxError | undefined;
}

/**
 * @param file the configuration
 * @throws CONFIG_NOT_FOUND, CONFIG_INVALID where no daemon runs, STATE_LOCKED when the owner does not answer, JOURNAL_INVALID
 */
export async function findService(file: string): Promise<FoundService> {
  try {
    return { service: await openService(await loadConfig(file)) };
  } catch (error) {
    const configFault = asCycleboxError(error);
    if (configFault.code !== 'CONFIG_NOT_FOUND' && configFault.code !== 'CONFIG_INVALID') throw error;
    const service = await connectControl(await presumedState(file));
    if (!service) throw error;
    return { service, configFault };
  }
}

/** @throws STATE_LOCKED when the owner does not answer, JOURNAL_INVALID */
export async function openService(config: DaemonConfig): Promise<DaemonService & Disposable> {
  // Asked first: where a daemon runs, the lock is not touched.
  const running = await connectControl(config.state);
  if (running) return running;
  const { openOwnService } = await import('./own-service.js');
  const result = await retryWhileLocked(
    () => openOwnService(config),
    () => connectControl(config.state),
  );
  return 'opened' in result ? result.opened : result.answered;
}

/** How plugins stand in the daemon that owns a state folder; none where no daemon does, or it does not answer. */
export async function runningPlugins(state: string): Promise<readonly PluginFacts[]> {
  const service = await connectControl(state).catch(() => undefined);
  if (!service) return [];
  try {
    return (await service.status()).daemon?.plugins ?? [];
  } catch {
    return [];
  } finally {
    await service.dispose();
  }
}
