/**
 * What the user decided of plugins, and which ones crashed too often: `plugins.json` in the state folder. Command line and daemon
 * both write it, each whole, after reading it anew; what is not in it was never decided.
 */
import { join } from 'node:path';
import { z } from 'zod';
import { CycleboxError, isGone, readRegularText, writeFileAtomic } from '../../base/index.js';
import type { PluginPermissions } from '../../plugin-api/index.js';

const paths = z.array(z.string()).exactOptional();

const decision = z.looseObject({
  /** Absent: not decided, only crashes are noted. */
  enabled: z.boolean().exactOptional(),
  decidedMs: z.number().exactOptional(),
  /** What was shown to the user, and agreed to, when it was enabled. */
  consent: z
    .object({ read: paths, write: paths, net: z.boolean().exactOptional(), spawn: z.boolean().exactOptional() })
    .exactOptional(),
  crashes: z.object({ count: z.number(), sinceMs: z.number() }).exactOptional(),
});

const file = z.looseObject({ plugins: z.record(z.string(), decision) });

export type PluginDecision = Readonly<z.infer<typeof decision>>;

export type PluginDecisions = ReadonlyMap<string, PluginDecision>;

export function enablementFile(stateFolder: string): string {
  return join(stateFolder, 'plugins.json');
}

/** Where `plugins install` puts plugins. */
export function installedFolder(stateFolder: string): string {
  return join(stateFolder, 'plugins');
}

/** @returns none where there is no file @throws FILE_UNREADABLE for a file that somebody broke: nothing is enabled by accident */
export async function readDecisions(stateFolder: string): Promise<PluginDecisions> {
  const path = enablementFile(stateFolder);
  try {
    const { plugins } = file.parse(JSON.parse(await readRegularText(path)));
    return new Map(Object.entries(plugins));
  } catch (error) {
    if (isGone(error as NodeJS.ErrnoException)) return new Map();
    const message = `${path} could not be read: ${(error as Error).message}. Repair it, or delete it and enable plugins anew.`;
    throw new CycleboxError('FILE_UNREADABLE', message, { subject: { file: path }, cause: error });
  }
}

/** The user lets it run, with these permissions; crashes are forgotten. */
export function enablePlugin(state: string, name: string, consent: PluginPermissions, nowMs: number): Promise<void> {
  return change(state, name, () => ({ enabled: true, decidedMs: nowMs, consent: copyOf(consent) }));
}

export function disablePlugin(state: string, name: string, nowMs: number): Promise<void> {
  return change(state, name, ({ consent }) => ({
    enabled: false,
    decidedMs: nowMs,
    ...(consent !== undefined && { consent }),
  }));
}

/** It stays off until the user enables it. */
export function disableForCrashes(state: string, name: string, count: number, sinceMs: number): Promise<void> {
  return change(state, name, before => ({ ...before, crashes: { count, sinceMs } }));
}

/** As if nothing had ever been decided. */
export function forgetPlugin(state: string, name: string): Promise<void> {
  return change(state, name, () => undefined);
}

async function change(
  state: string,
  name: string,
  next: (before: PluginDecision) => PluginDecision | undefined,
): Promise<void> {
  const plugins = new Map(await readDecisions(state));
  const decided = next(plugins.get(name) ?? {});
  if (decided === undefined) plugins.delete(name);
  else plugins.set(name, decided);
  const text = JSON.stringify({ plugins: Object.fromEntries(plugins) }, null, 2);
  await writeFileAtomic(enablementFile(state), `${text}\n`);
}

function copyOf({ read, write, net, spawn }: PluginPermissions): NonNullable<PluginDecision['consent']> {
  return {
    ...(read && { read: [...read] }),
    ...(write && { write: [...write] }),
    ...(net !== undefined && { net }),
    ...(spawn !== undefined && { spawn }),
  };
}
