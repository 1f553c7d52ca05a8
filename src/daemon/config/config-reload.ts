/**
 * What a changed configuration means for a daemon that runs: which keys differ, and which of them only a restart can
 * change. A change is taken over as a whole or not at all.
 */
import { isDeepStrictEqual } from 'node:util';
import { CycleboxError, type ErrorData } from '../../base/index.js';
import type { DaemonConfig } from './config.js';

export type ReloadOutcome =
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'applied'; readonly keys: readonly string[] }
  /** The configuration that was in force stays so. */
  | { readonly kind: 'refused'; readonly error: ErrorData };

/**
 * Keys that only a restart can change: the folders, on which the lock, the journal and every path in it hang, and what
 * becomes of files, which must not change between a file's publishing and the handling of its source.
 */
export const restartKeys = [
  'inbox',
  'outbox',
  'state',
  'polling',
  'onCollision',
  'sidecars',
  'afterSuccess',
  'archive',
  'logFile',
  'dashboard',
  'queue',
  'store',
] as const satisfies readonly (keyof DaemonConfig)[];

export function changedKeys(before: DaemonConfig, after: DaemonConfig): readonly (keyof DaemonConfig)[] {
  const keys = Object.keys(after) as (keyof DaemonConfig)[];
  return keys.filter(key => !isDeepStrictEqual(before[key], after[key]));
}

/** @throws CONFIG_INVALID naming each of the faults */
export function requireSound(faults: readonly CycleboxError[], file: string): void {
  if (faults.length === 0) return;
  const message = faults.map(fault => `${file}: ${fault}`).join('\n');
  throw new CycleboxError('CONFIG_INVALID', message, { subject: { file }, cause: faults[0] });
}

/** @throws CONFIG_INVALID when a restart is needed, naming the keys and what else would have changed */
export function requireHot(keys: readonly (keyof DaemonConfig)[], file: string): void {
  const cold: readonly string[] = keys.filter(key => (restartKeys as readonly string[]).includes(key));
  if (cold.length === 0) return;
  const others = keys.filter(key => !cold.includes(key));
  const rest = others.length > 0 ? ` Nothing of the change was taken over (also changed: ${others.join(', ')}).` : '';
  const message = `${file}: ${cold.join(', ')} can only change with a restart.${rest} Restart cyclebox, or put back the old value.`;
  throw new CycleboxError('CONFIG_INVALID', message, { subject: { file } });
}
