/**
 * Where a plugin's own things lie: `plugin-data/NAME/` in the state folder, with a folder that it writes, one for pictures that are
 * handed over, its log, and beside them what only the host writes. Not where the plugin itself lies.
 */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { asCycleboxError } from '../../base/index.js';
import { isAlive } from '../../process/index.js';

export interface PluginPlaces {
  readonly storage: string;
  readonly scratch: string;
  /** A file. */
  readonly log: string;
  readonly state: string;
  readonly secrets: string;
  readonly ledger: string;
}

let instances = 0;

/**
 * Names of npm packages may hold a `/` and an `@`, which no file name should. The scratch folder is another at each call: a plugin
 * that is being replaced still has pictures in its own.
 */
export function pluginPlaces(stateFolder: string, name: string): PluginPlaces {
  const own = join(stateFolder, 'plugin-data', encodeURIComponent(name));
  return {
    storage: join(own, 'storage'),
    scratch: join(own, 'scratch', `${process.pid}-${++instances}`),
    log: join(own, 'plugin.log'),
    state: join(own, 'state.json'),
    secrets: join(own, 'secrets.json'),
    ledger: join(own, 'ledger.json'),
  };
}

/** Makes the folders; what processes that have ended left of pictures is removed. @throws WRITE_FAILED */
export async function preparePlaces({ storage, scratch }: PluginPlaces): Promise<void> {
  try {
    await mkdir(storage, { recursive: true, mode: 0o700 });
    await mkdir(scratch, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw asCycleboxError(error, { file: storage }, 'WRITE_FAILED');
  }
  const all = dirname(scratch);
  const left = (await readdir(all).catch(() => [])).filter(name => !isAlive(Number.parseInt(name, 10)));
  await Promise.all(left.map(name => removeScratch({ scratch: join(all, name) })));
}

export async function removeScratch({ scratch }: Pick<PluginPlaces, 'scratch'>): Promise<void> {
  await rm(scratch, { recursive: true, force: true }).catch(() => {});
}
