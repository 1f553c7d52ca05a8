/** The configuration in the words of the inbox and of the compute workers. */
import { type InboxChanges, type InboxOptions, sidecars as sidecarPatterns } from '../inbox/index.js';
import type { DaemonConfig } from './config/index.js';
import type { PoolSettings } from './pool/index.js';

/** All of it, for the start. */
export function inboxSettings(config: DaemonConfig): Omit<InboxOptions, 'route' | 'runner' | 'watch' | 'clock'> {
  const { inbox, outbox, state, polling, onCollision, sidecars, afterSuccess, archive } = config;
  return { inbox, outbox, state, polling, onCollision, sidecars, afterSuccess, archive, ...inboxChanges(config) };
}

/** What can change while the inbox is open; the rest are `restartKeys`. */
export function inboxChanges(config: DaemonConfig): Required<Omit<InboxChanges, 'concurrency'>> {
  const { settleMs, decodeGraceMs, maxAttempts, jobTimeoutMs, historyDays } = config;
  const { rescanMs, pollMs } = config;
  return {
    settleMs,
    decodeGraceMs,
    maxAttempts,
    jobTimeoutMs,
    historyDays,
    rescanMs,
    pollMs,
    ignore: passedOver(config),
  };
}

/** What the inbox passes over beside the usual junk. */
export function passedOver({ ignore }: Pick<DaemonConfig, 'ignore'>): readonly string[] {
  return [...sidecarPatterns, ...ignore];
}

export function poolSettings(config: DaemonConfig): PoolSettings {
  const { precision, threads, maxMegapixels, metadata, workerMemoryMegabytes } = config;
  const processMemoryLimitBytes = workerMemoryMegabytes === undefined ? undefined : workerMemoryMegabytes * 1e6;
  return { precision, threads, maxMegapixels, metadata, processMemoryLimitBytes };
}
