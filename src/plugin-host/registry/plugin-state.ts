/**
 * How a plugin stands, with the reason in the state itself, and the words for it: the same in the command line, the service and
 * the log. The first group follows from files alone (`registry.ts`); the second is that of a plugin with code which is in force.
 */
import type { ErrorData } from '../../base/index.js';
import type { PluginPermissions } from '../../plugin-api/index.js';

/** What files say: manifests, what the user decided, what was counted. */
export type SettledState =
  /** Its manifest cannot be used. */
  | { readonly kind: 'invalid'; readonly problem: ErrorData }
  /** It was made for another version of the plugin API. */
  | { readonly kind: 'incompatible'; readonly needs: string; readonly ours: string }
  /** Another plugin of its name is in force. */
  | { readonly kind: 'superseded'; readonly version: string; readonly folder: string }
  | { readonly kind: 'disabledByUser'; readonly sinceMs: number }
  /** It crashed too often; `plugins enable` tries it again. */
  | { readonly kind: 'disabledByCrashes'; readonly crashes: number; readonly sinceMs: number }
  /** The daemon was started without coded plugins. */
  | { readonly kind: 'disabledBySafeMode' }
  /** Its code waits for `plugins enable`: it was installed, or wants more than it was allowed. */
  | { readonly kind: 'awaitingConsent'; readonly permissions: PluginPermissions }
  /** Declarative: there is nothing to activate. */
  | { readonly kind: 'ready' }
  /** It has code and is in force; no process runs. */
  | { readonly kind: 'idle' };

/** What its process does. */
export type RunningState =
  | { readonly kind: 'activating'; readonly event: string; readonly sinceMs: number }
  | { readonly kind: 'active'; readonly pid: number; readonly sinceMs: number }
  | { readonly kind: 'unresponsive'; readonly pid: number; readonly sinceMs: number }
  /** It crashed, and is started again at `againMs`. */
  | { readonly kind: 'restarting'; readonly crashes: number; readonly againMs: number }
  /** Its code could not be activated; it is tried again when it changes or is enabled anew. */
  | { readonly kind: 'failed'; readonly problem: ErrorData };

export type PluginState = SettledState | RunningState;

export type PluginStateKind = PluginState['kind'];

/** Whether what the plugin contributes counts. */
export function isInForce({ kind }: PluginState): boolean {
  switch (kind) {
    case 'ready':
    case 'idle':
    case 'activating':
    case 'active':
    case 'unresponsive':
    case 'restarting':
    case 'failed':
      return true;
    case 'invalid':
    case 'incompatible':
    case 'superseded':
    case 'disabledByUser':
    case 'disabledByCrashes':
    case 'disabledBySafeMode':
    case 'awaitingConsent':
      return false;
    default:
      return kind satisfies never;
  }
}

/** `disabledByCrashes(3, 2026-03-01T12:00:00.000Z)`: the state and its reason in one word, for every place that shows it. */
export function stateText(state: PluginState): string {
  const reasons = reasonsOf(state);
  return reasons.length === 0 ? state.kind : `${state.kind}(${reasons.join(', ')})`;
}

function reasonsOf(state: PluginState): readonly (string | number)[] {
  switch (state.kind) {
    case 'invalid':
    case 'failed':
      return [state.problem.code];
    case 'incompatible':
      return [state.needs, state.ours];
    case 'superseded':
      return [state.version, state.folder];
    case 'disabledByUser':
      return [time(state.sinceMs)];
    case 'disabledByCrashes':
      return [state.crashes, time(state.sinceMs)];
    case 'awaitingConsent':
      return [permissionsText(state.permissions)];
    case 'activating':
      return [state.event];
    case 'active':
      return [state.pid];
    case 'unresponsive':
      return [state.pid, time(state.sinceMs)];
    case 'restarting':
      return [state.crashes, time(state.againMs)];
    case 'ready':
    case 'idle':
    case 'disabledBySafeMode':
      return [];
    default:
      return state satisfies never;
  }
}

/** `read /data/luts, net`; `nothing beyond its own folder` for a plugin that asks for none. */
export function permissionsText({ read = [], write = [], net, spawn }: PluginPermissions): string {
  const wanted = [
    ...read.map(path => `read ${path}`),
    ...write.map(path => `write ${path}`),
    ...(net ? ['net'] : []),
    ...(spawn ? ['spawn'] : []),
  ];
  return wanted.length === 0 ? 'nothing beyond its own folder' : wanted.join(', ');
}

/** Whether whoever allowed `allowed` has allowed `wanted`, too. */
export function permissionsCover(allowed: PluginPermissions, wanted: PluginPermissions): boolean {
  const within = (some: readonly string[] = [], all: readonly string[] = []) => some.every(path => all.includes(path));
  return (
    within(wanted.read, allowed.read) &&
    within(wanted.write, allowed.write) &&
    (!wanted.net || allowed.net === true) &&
    (!wanted.spawn || allowed.spawn === true)
  );
}

const time = (ms: number): string => new Date(ms).toISOString();
