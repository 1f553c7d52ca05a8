/**
 * The work of `cyclebox upgrade-check`: asks npm, as it is configured here (registry, proxy, credentials), for the newest version. Only
 * when it is called: cyclebox asks nobody by itself.
 */
import { gt } from 'semver';
import { CycleboxError, packageVersion } from '../../base/index.js';
import { runNpm } from '../../plugin-host/index.js';
import { exitCodes } from '../terminal/index.js';

export interface UpgradeCheckOptions {
  readonly json?: boolean;
}

/** @returns the exit code: 0, newer or not @throws DOWNLOAD_FAILED without a network, or where the registry does not have cyclebox */
export async function checkForUpgrade({ json }: UpgradeCheckOptions): Promise<number> {
  const [current, latest] = [packageVersion(), await newestVersion()];
  const isNewer = gt(latest, current);
  const text = isNewer
    ? `cyclebox ${latest} is there, this is ${current}: npm install cyclebox@${latest}. CHANGELOG.md says what is different; back up before (cyclebox backup).`
    : `cyclebox ${current} is the newest.`;
  process.stdout.write(json ? `${JSON.stringify({ current, latest, isNewer }, null, 2)}\n` : `${text}\n`);
  return exitCodes.ok;
}

async function newestVersion(): Promise<string> {
  try {
    const words = [
      'view',
      'cyclebox',
      'version',
      '--json',
      '--prefer-online',
      '--fetch-retries=0',
      '--fetch-timeout=15000',
    ];
    return String(JSON.parse(await runNpm(words, process.cwd())));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const message = `The newest version could not be asked for; this is ${packageVersion()}. Without a network nothing is known of it. ${why}`;
    throw new CycleboxError('DOWNLOAD_FAILED', message, { cause });
  }
}
