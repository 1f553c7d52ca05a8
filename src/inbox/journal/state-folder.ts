/**
 * What a state folder is like, whoever made it: the user's alone. Names and places of images stand in it, and whoever could
 * open its lock could keep the daemon from starting. Folders of earlier versions are closed when they are opened; what is
 * not cyclebox's is never touched. Where a file system has no such permissions, nothing is gained and nothing fails.
 */
import { chmodSync, closeSync, type Dirent, mkdirSync, openSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isTemporaryName } from '../../base/index.js';

/** Of files in the state folder. */
export const privateMode = 0o600;
const privateFolderMode = 0o700;

/** Everything that this and earlier versions put there, but for the notes in `moving` and temporaries. */
const ownFile =
  /^((lock|journal)\.sqlite(\.(corrupt|before-restore)-\d+)?(-wal|-shm|-journal)?|owner\.json|publisher-id|failed\.json|control\.sock|dashboard-token|dashboard\.json|pictures)$/;
const notesFolder = 'moving';

/** Makes the folder, or closes the one that is there if it is all cyclebox's. @throws what the system says where it cannot be made */
export function closeStateFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: privateFolderMode });
  const entries = entriesOf(folder);
  if (entries.every(({ name }) => isOwn(name))) attempt(() => chmodSync(folder, privateFolderMode));
  for (const entry of [...entries.filter(({ name }) => isOwn(name)), ...entriesOf(join(folder, notesFolder))]) {
    if (entry.isFile()) attempt(() => chmodSync(join(entry.parentPath, entry.name), privateMode));
  }
}

/** Where there is no such file: SQLite, which makes files for everybody to read, is to find one that is not. Its others take after it. */
export function makePrivate(file: string): void {
  attempt(() => closeSync(openSync(file, 'ax', privateMode)));
}

/** Removes what writes that were cut off by a kill have left. Only for whoever holds the lock. */
export function sweepStateFolder(folder: string): void {
  for (const { name, parentPath } of [...entriesOf(folder), ...entriesOf(join(folder, notesFolder))]) {
    const isCutOff = isTemporaryName(name) && (parentPath !== folder || isOwn(name));
    if (isCutOff) attempt(() => rmSync(join(parentPath, name)));
  }
}

function isOwn(name: string): boolean {
  return (
    name === notesFolder ||
    ownFile.test(name) ||
    /^\.cyclebox-(publisher-id|failed\.json|dashboard-token|dashboard\.json|journal\.sqlite)-[0-9a-f]+\.tmp$/.test(name)
  );
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

function attempt(work: () => void): void {
  try {
    work();
  } catch {
    // Another's file, or a file system without permissions; what matters fails where it is used.
  }
}
