/**
 * Where a plugin's own things lie: `plugin-data/NAME/` in the state folder, with a folder that it writes, one for pictures that are
 * handed over, its log, and beside them what only the host writes. Not where the plugin itself lies.
 */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { asCycleboxError } from '../../base/index.js';

export interface PluginPlaces {
  readonly storage: string;
  readonly scratch: string;
  /** A file. */
  readonly log: string;
  readonly state: string;
  readonly secrets: string;
  readonly ledger: string;
}

/** Names of npm packages may hold a `/` and an `@`, which no file name should. */
export function pluginPlaces(stateFolder: string, name: string): PluginPlaces {
  const own = join(stateFolder, 'plugin-data', encodeURIComponent(name));
  return {
    storage: join(own, 'storage'),
    scratch: join(own, 'scratch'),
    log: join(own, 'plugin.log'),
    state: join(own, 'state.json'),
    secrets: join(own, 'secrets.json'),
    ledger: join(own, 'ledger.json'),
  };
}

/** Makes the folders; what an earlier process left of pictures is removed. @throws WRITE_FAILED */
export async function preparePlaces({ storage, scratch }: PluginPlaces): Promise<void> {
  try {
    await mkdir(storage, { recursive: true, mode: 0o700 });
    await mkdir(scratch, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw asCycleboxError(error, { file: storage }, 'WRITE_FAILED');
  }
}

/** Pictures of calls that nobody waits for any more. */
export async function clearScratch({ scratch }: PluginPlaces): Promise<void> {
  const names = await readdir(scratch).catch(() => []);
  await Promise.all(names.map(name => rm(join(scratch, name), { recursive: true, force: true }).catch(() => {})));
}
