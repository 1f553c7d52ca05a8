/** Where the system keeps what programs can make again: for what took long to compute. Made when something is written there. */
import { homedir } from 'node:os';
import { join } from 'node:path';

/** @param environment the process's; `XDG_CACHE_HOME` (or `LOCALAPPDATA` on Windows) counts */
export function defaultCacheFolder(
  environment: Readonly<Record<string, string | undefined>> = process.env,
  platform: NodeJS.Platform = process.platform,
): string {
  switch (platform) {
    case 'win32':
      return join(environment['LOCALAPPDATA'] || join(homedir(), 'AppData', 'Local'), 'cyclebox', 'cache');
    case 'darwin':
      return join(homedir(), 'Library', 'Caches', 'cyclebox');
    default:
      return join(environment['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'cyclebox');
  }
}
