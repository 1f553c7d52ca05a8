/** The work of `cyclebox backup` and `cyclebox restore`, in words. */
import { backUp, type Restored, restore } from '../../daemon/index.js';
import { exitCodes } from '../terminal/index.js';

export interface BackupCommand {
  readonly config: string;
  readonly out?: string;
  readonly json?: boolean;
}

export interface RestoreCommand {
  readonly config: string;
  readonly json?: boolean;
}

/** @returns the exit code */
export async function showBackup({ config, out = usualName(new Date()), json }: BackupCommand): Promise<number> {
  const backup = await backUp({ file: config, out });
  const jobs = countText(backup.counts);
  const text = `${backup.out}: ${jobs}, the configuration, the names of ${backup.plugins} plugins`;
  process.stdout.write(json ? `${JSON.stringify(backup, null, 2)}\n` : `${text}\n`);
  return exitCodes.ok;
}

/** @returns the exit code */
export async function showRestore(backup: string, { config, json }: RestoreCommand): Promise<number> {
  const restored = await restore({ backup, file: config });
  const text = restoredLines(restored, config).join('\n');
  process.stdout.write(json ? `${JSON.stringify(restored, null, 2)}\n` : `${text}\n`);
  return exitCodes.ok;
}

function restoredLines({ created, counts, aside, config, missing }: Restored, file: string): readonly string[] {
  const configWords = {
    made: `${file} was made from the backup.`,
    same: `${file} is that of the backup.`,
    kept: `${file} was there, is not that of the backup, and stays as it is.`,
  };
  return [
    `The journal is that of ${created}: ${countText(counts)}.`,
    ...(aside === undefined ? [] : [`The one that was there is now ${aside}.`]),
    configWords[config],
    ...missing.map(({ name, version }) => `The plugin ${name} ${version ?? ''} of the backup is not here.`),
    'What has been done since is known from the outbox, and is not done again. Go on with: cyclebox start',
  ];
}

function countText(counts: Restored['counts']): string {
  const parts = Object.entries(counts).filter(([, count]) => count > 0);
  if (parts.length === 0) return 'no jobs';
  return parts.map(([state, count]) => `${count} ${state}`).join(', ');
}

/** `cyclebox-backup-20261126-074500.tar.gz`, in UTC. */
function usualName(now: Date): string {
  const [date = '', time = ''] = now.toISOString().split('T');
  return `cyclebox-backup-${date.replaceAll('-', '')}-${time.slice(0, 8).replaceAll(':', '')}.tar.gz`;
}
