/**
 * Backs up what a daemon knows, beside it while it works: the journal as it is at one moment, the configuration file, what was
 * decided of plugins, and which plugins there are. Not the images, the models or the plugins themselves.
 */
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { isGone, packageVersion } from '../../base/index.js';
import { checkJournal, copyJournal, type JobCounts } from '../../inbox/index.js';
import { enablementFile, loadPluginSet } from '../../plugin-host/index.js';
import { loadConfig, pluginOptionsOf } from '../config/index.js';
import { configFile, decisionsFile, journalFile, packBackup } from './backup-file.js';

export interface BackupOptions {
  /** The configuration file. */
  readonly file: string;
  /** The file to write. */
  readonly out: string;
}

export interface Backup {
  /** Absolute. */
  readonly out: string;
  readonly counts: JobCounts;
  /** How many are named in it. */
  readonly plugins: number;
}

/** @throws CONFIG_NOT_FOUND, CONFIG_INVALID, FILE_NOT_FOUND when there is no journal yet, FILE_EXISTS, WRITE_FAILED */
export async function backUp({ file, out: given }: BackupOptions): Promise<Backup> {
  const out = resolve(given);
  const config = await loadConfig(file);
  const { records } = await loadPluginSet(pluginOptionsOf(config));
  const folder = await mkdtemp(join(tmpdir(), 'cyclebox-backup-'));
  try {
    copyJournal(config.state, join(folder, journalFile));
    const counts = checkJournal(join(folder, journalFile));
    await copyFile(file, join(folder, configFile));
    const hasDecisions = await copied(enablementFile(config.state), join(folder, decisionsFile));
    const files = [journalFile, configFile, ...(hasDecisions ? [decisionsFile] : [])];
    const plugins = records.map(({ name, version, source }) => ({ name, version: version ?? null, source }));
    await packBackup(folder, files, out, { version: packageVersion(), created: new Date().toISOString(), plugins });
    return { out, counts, plugins: plugins.length };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function copied(from: string, to: string): Promise<boolean> {
  try {
    await copyFile(from, to);
    return true;
  } catch (error) {
    if (isGone(error as NodeJS.ErrnoException)) return false;
    throw error;
  }
}
