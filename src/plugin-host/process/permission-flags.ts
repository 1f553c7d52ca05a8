/**
 * A plugin's permissions as Node's own flags. A seat belt, not a vault: Node says so itself, and what a version of it cannot
 * hold back is named by `unguardedOf`, for docs and for what users are shown before they enable a plugin.
 *
 * https://nodejs.org/api/permissions.html: 20 has `--experimental-permission`; 22.13 and 23.5 call it `--permission`; the network
 * is held back from 25 on, and allowed by `--allow-net`.
 */
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import semver from 'semver';
import { CycleboxError } from '../../base/index.js';
import type { PluginPermissions } from '../../plugin-api/index.js';

/** Where a plugin's process may go, whatever its manifest asks for. All absolute. */
export interface OwnPlaces {
  /** What the process itself is made of. */
  readonly reads: readonly string[];
  /** Its storage and scratch folders. */
  readonly writes: readonly string[];
}

/**
 * @param nodeVersion without a `v`
 * @throws PLUGIN_INVALID for a path that Node's flags cannot name
 */
export function permissionFlags(
  permissions: PluginPermissions,
  places: OwnPlaces,
  nodeVersion: string = process.versions.node,
): readonly string[] {
  const writes = [...places.writes, ...(permissions.write ?? []).map(expanded)];
  // What may be written may be read: it is the plugin's own, or the user agreed to the greater of the two.
  const reads = [...places.reads, ...(permissions.read ?? []).map(expanded), ...writes];
  return [
    hasStableFlag(nodeVersion) ? '--permission' : '--experimental-permission',
    ...reads.map(path => flagFor('--allow-fs-read', path)),
    ...writes.map(path => flagFor('--allow-fs-write', path)),
    ...(permissions.spawn ? ['--allow-child-process'] : []),
    ...(permissions.net && guardsNetwork(nodeVersion) ? ['--allow-net'] : []),
  ];
}

/** What this Node cannot keep a plugin from, as sentences. */
export function unguardedOf(
  permissions: PluginPermissions,
  nodeVersion: string = process.versions.node,
): readonly string[] {
  return [
    ...(permissions.net || guardsNetwork(nodeVersion)
      ? []
      : [`Node ${nodeVersion} cannot keep it from the network; Node 25 and later can.`]),
    ...(permissions.spawn ? ['Programs that it starts may do whatever you may.'] : []),
  ];
}

function hasStableFlag(version: string): boolean {
  return semver.satisfies(version, '^22.13 || >=23.5', { includePrerelease: true });
}

function guardsNetwork(version: string): boolean {
  return semver.major(version) >= 25;
}

/** Node adds what lies in it where the path is a folder; 20 does not allow the folder itself to be listed, later ones do. */
function flagFor(flag: string, path: string): string {
  if (!/[*\0]/.test(path)) return `${flag}=${path}`;
  const message = `The path ${JSON.stringify(path)} cannot be permitted: it holds "*", which Node reads as a pattern.`;
  throw new CycleboxError('PLUGIN_INVALID', message);
}

function expanded(path: string): string {
  const full = path.startsWith('~/') ? join(homedir(), path.slice(2)) : path;
  if (isAbsolute(full)) return full;
  throw new CycleboxError(
    'PLUGIN_INVALID',
    `The path ${JSON.stringify(path)} cannot be permitted: it must be absolute, or begin with "~/".`,
  );
}
