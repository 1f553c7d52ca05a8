/**
 * The file that `cyclebox backup` writes: a gzipped tar of a handful of plain files, `backup.json` first, which says what they are.
 * Anything else in it, or another hash than it says, makes it unreadable as a whole. The archive library is loaded when it is
 * needed: a daemon that only starts has no use for it.
 */
import { rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ReadEntry } from 'tar';
import { z } from 'zod';
import {
  CycleboxError,
  makeFolder,
  readRegularText,
  sha256File,
  syncFile,
  systemCodeOf,
  takeFreeName,
  temporaryPathFor,
} from '../../base/index.js';

export const noteName = 'backup.json';
export const journalFile = 'journal.sqlite';
export const configFile = 'watch-config.json';
/** What was decided of plugins; not in every backup. */
export const decisionsFile = 'plugins.json';

const names: readonly string[] = [noteName, journalFile, configFile, decisionsFile];

/** Of another meaning, another number. */
const formatVersion = 1;

const note = z.object({
  format: z.literal(formatVersion),
  /** Of cyclebox. */
  version: z.string(),
  /** ISO 8601, UTC. */
  created: z.string(),
  /** SHA-256 by name. */
  files: z.record(z.string(), z.string()),
  plugins: z.array(z.object({ name: z.string(), version: z.string().nullable(), source: z.string() })),
});

export type BackupNote = z.infer<typeof note>;

/**
 * Packs what lies in `folder`.
 * @param out never over another file
 * @throws FILE_EXISTS, WRITE_FAILED
 */
export async function packBackup(
  folder: string,
  files: readonly string[],
  out: string,
  about: Omit<BackupNote, 'format' | 'files'>,
): Promise<void> {
  const hashes = await Promise.all(files.map(async name => [name, await sha256File(join(folder, name))] as const));
  const said: BackupNote = { format: formatVersion, ...about, files: Object.fromEntries(hashes) };
  await writeFile(join(folder, noteName), `${JSON.stringify(said, null, 2)}\n`, { mode: 0o600 });
  const temporary = temporaryPathFor(out);
  try {
    await makeFolder(dirname(out));
    const { create } = await import('tar');
    await create({ gzip: true, portable: true, cwd: folder, file: temporary, mode: 0o600 }, [noteName, ...files]);
    await syncFile(temporary);
    if ((await takeFreeName(temporary, out)) !== 'taken') return;
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => {});
    const message = `${out} could not be written: ${(cause as Error).message}`;
    throw new CycleboxError('WRITE_FAILED', message, { subject: { file: out }, cause });
  }
  await rm(temporary, { force: true });
  throw new CycleboxError('FILE_EXISTS', `${out} is there already: name another file.`, { subject: { file: out } });
}

/**
 * Unpacks into an empty folder.
 * @throws FILE_NOT_FOUND, ARCHIVE_UNREADABLE (damaged, of another kind, or of a newer cyclebox)
 */
export async function unpackBackup(file: string, folder: string): Promise<BackupNote> {
  try {
    await requireKnown(file);
    const { extract } = await import('tar');
    await extract({ file, cwd: folder, strict: true, preserveOwner: false });
    const said = note.parse(JSON.parse(await readRegularText(join(folder, noteName))));
    for (const [name, hash] of Object.entries(said.files)) await requireHash(folder, name, hash);
    for (const name of [journalFile, configFile]) if (!said.files[name]) throw new Error(`${name} is missing`);
    return said;
  } catch (cause) {
    if (systemCodeOf(cause) === 'ENOENT')
      throw new CycleboxError('FILE_NOT_FOUND', `${file} does not exist.`, { subject: { file }, cause });
    const message = `${file} is no backup that this cyclebox can read: ${(cause as Error).message}. It may be cut off, damaged, or made by a newer cyclebox.`;
    throw new CycleboxError('ARCHIVE_UNREADABLE', message, { subject: { file }, cause });
  }
}

/** Before anything is written. */
async function requireKnown(file: string): Promise<void> {
  const found: string[] = [];
  let foreign: string | undefined;
  const onReadEntry = ({ path, type }: ReadEntry) => {
    if (type !== 'File' || !names.includes(path) || found.includes(path)) foreign ??= path;
    found.push(path);
  };
  const { list } = await import('tar');
  await list({ file, strict: true, onReadEntry });
  if (foreign !== undefined) throw new Error(`it holds ${JSON.stringify(foreign)}`);
  if (!found.includes(noteName)) throw new Error(`it holds no ${noteName}`);
}

async function requireHash(folder: string, name: string, hash: string): Promise<void> {
  if (!names.includes(name)) throw new Error(`it names ${JSON.stringify(name)}`);
  if ((await sha256File(join(folder, name))) !== hash) throw new Error(`${name} is not what was backed up`);
}
