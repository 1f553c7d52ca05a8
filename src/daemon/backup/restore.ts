/**
 * Puts a backup back, where no daemon runs. The journal that was there is kept beside; a configuration that is there stays; what was
 * decided of plugins is taken from the backup only where nothing is decided yet, so that no plugin is enabled by accident.
 */
import { constants } from 'node:fs';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { isGone, makeFolder, readRegularText, writeFileAtomic } from '../../base/index.js';
import { checkJournal, type JobCounts, replaceJournal } from '../../inbox/index.js';
import { enablementFile, loadPluginSet } from '../../plugin-host/index.js';
import { type DaemonConfig, parseConfig, pluginOptionsOf, resolveConfig } from '../config/index.js';
import { type BackupNote, configFile, decisionsFile, journalFile, unpackBackup } from './backup-file.js';

export interface RestoreOptions {
  /** What `backUp` has written. */
  readonly backup: string;
  /** The configuration file; made where it is missing. */
  readonly file: string;
}

export interface Restored {
  readonly created: string;
  readonly counts: JobCounts;
  /** Where the journal that was there is now. */
  readonly aside: string | undefined;
  /** `made`: from the backup. `same`: it was there, like the backup's. `kept`: it was there, and is another. */
  readonly config: 'made' | 'same' | 'kept';
  /** Plugins of the backup that are not here, or of another version. */
  readonly missing: BackupNote['plugins'];
}

/** @throws FILE_NOT_FOUND, ARCHIVE_UNREADABLE, CONFIG_INVALID, JOURNAL_INVALID, STATE_LOCKED when a daemon runs; nothing has changed then */
export async function restore({ backup, file: given }: RestoreOptions): Promise<Restored> {
  const file = resolve(given);
  const folder = await mkdtemp(join(tmpdir(), 'cyclebox-restore-'));
  try {
    const { created, plugins } = await unpackBackup(backup, folder);
    const written = await readRegularText(join(folder, configFile));
    const present = await readRegularText(file).catch(undefinedIfMissing);
    const config = resolveConfig(parseConfig(present ?? written, file, process.env), dirname(file));
    const counts = checkJournal(join(folder, journalFile));
    await makeFolder(config.state);
    const aside = replaceJournal(config.state, join(folder, journalFile));
    if (present === undefined) await writeFileAtomic(file, written);
    await putDecisions(join(folder, decisionsFile), config.state);
    const kept = present === written ? 'same' : 'kept';
    const missing = await missingOf(plugins, config);
    return { created, counts, aside, config: present === undefined ? 'made' : kept, missing };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function undefinedIfMissing(error: NodeJS.ErrnoException): undefined {
  if (isGone(error)) return undefined;
  throw error;
}

async function putDecisions(from: string, state: string): Promise<void> {
  try {
    await copyFile(from, enablementFile(state), constants.COPYFILE_EXCL);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EEXIST' && code !== 'ENOENT') throw error;
  }
}

async function missingOf(plugins: BackupNote['plugins'], config: DaemonConfig): Promise<BackupNote['plugins']> {
  const { records } = await loadPluginSet(pluginOptionsOf(config));
  return plugins.filter(
    one => !records.some(({ name, version }) => name === one.name && (version ?? null) === one.version),
  );
}
