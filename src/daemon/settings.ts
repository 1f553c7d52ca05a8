/** The configuration in the words of the inbox and of the compute worker. */
import type { InboxChanges, InboxOptions } from '../inbox/index.js';
import type { ComputeWorkerOptions } from '../worker/index.js';
import type { DaemonConfig } from './config.js';

/** All of it, for the start. */
export function inboxSettings(config: DaemonConfig): Omit<InboxOptions, 'route' | 'runner' | 'watch' | 'clock'> {
  const { inbox, outbox, state, polling, onCollision, afterSuccess, archive } = config;
  return { inbox, outbox, state, polling, onCollision, afterSuccess, archive, ...inboxChanges(config) };
}

/** What can change while the inbox is open; the rest are `restartKeys`. */
export function inboxChanges(config: DaemonConfig): Required<InboxChanges> {
  const { settleMs, decodeGraceMs, maxAttempts, jobTimeoutMs, historyDays } = config;
  const { rescanMs, pollMs, ignore } = config;
  return { settleMs, decodeGraceMs, maxAttempts, jobTimeoutMs, historyDays, rescanMs, pollMs, ignore };
}

export function workerSettings(config: DaemonConfig): Partial<ComputeWorkerOptions> {
  const { engine, threads, maxMegapixels, workerMemoryMegabytes } = config;
  return {
    settings: { engine, maxMegapixels, ...(threads !== undefined && { threads }) },
    processMemoryLimitBytes: workerMemoryMegabytes === undefined ? undefined : workerMemoryMegabytes * 1e6,
  };
}
