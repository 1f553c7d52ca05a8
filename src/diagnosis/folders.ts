/** Whether the daemon's folders can be written to and have room, found out by writing. Makes no folder. */
import { mkdtemp, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { DaemonConfig } from '../daemon/index.js';
import type { Complaint, FolderReport } from './report.js';
import { shellQuote } from './shell-quote.js';

const roles = ['inbox', 'outbox', 'state'] as const;

/** Less does not hold a single large picture with its journal. */
const minFreeBytes = 50e6;
const comfortableBytes = 1e9;

/** @param complaints where what is wrong is added */
export async function examineFolders(config: DaemonConfig, complaints: Complaint[]): Promise<readonly FolderReport[]> {
  return Promise.all(roles.map(role => examineFolder(role, config[role], complaints)));
}

async function examineFolder(role: FolderReport['role'], path: string, complaints: Complaint[]): Promise<FolderReport> {
  const place = await nearestExisting(path);
  const fault = await writeFault(place);
  const freeBytes = await freeBytesOf(place);
  // That it is no folder is a fault of the configuration, which is said once, with the others of its kind.
  if (fault !== undefined && fault !== 'ENOTDIR') complaints.push(unwritable(role, path, place, fault));
  if (freeBytes !== undefined && freeBytes < comfortableBytes) complaints.push(lowOnSpace(role, path, freeBytes));
  return { role, path, exists: place === path, writable: fault === undefined, freeBytes };
}

/** The path itself, or the folder in which it would be made. */
async function nearestExisting(path: string): Promise<string> {
  const isThere = await stat(path).then(
    () => true,
    error => (error as NodeJS.ErrnoException).code !== 'ENOENT',
  );
  return isThere || dirname(path) === path ? path : nearestExisting(dirname(path));
}

/** Undefined when a folder with a file in it could be made there. Names with a dot are never taken for images. */
async function writeFault(folder: string): Promise<string | undefined> {
  try {
    if (!(await stat(folder)).isDirectory()) return 'ENOTDIR';
    const probe = await mkdtemp(join(folder, '.cyclebox-doctor-'));
    await writeFile(join(probe, 'probe'), 'probe').finally(() => rm(probe, { recursive: true, force: true }));
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

async function freeBytesOf(folder: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}

const faultTexts: Readonly<Record<string, string>> = {
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'the disk is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: "this user's share of the disk is full",
};

/** @param fault the system's code, or words */
export function unwritable(role: string, path: string, place: string, fault: string): Complaint {
  const where = place === path ? path : `${path}, to be made in ${place},`;
  const isForbidden = fault === 'EACCES' || fault === 'EPERM';
  const advice = `${isForbidden ? 'Give it to this user, or name' : 'Name'} another ${role} in the configuration.`;
  const message = `The ${role} ${where} cannot be written to: ${faultTexts[fault] ?? fault}. ${advice}`;
  return { about: 'folders', blocking: true, message, remedy: isForbidden ? ownershipCommand(path, place) : undefined };
}

/** Of a folder that is not there yet only itself is made: the one it is made in may be the system's. */
function ownershipCommand(path: string, place: string): string {
  const command = place === path ? 'chown -R' : 'install -d -o';
  return `sudo ${command} "$(id -un)" ${shellQuote(path)}`;
}

function lowOnSpace(role: string, path: string, freeBytes: number): Complaint {
  const blocking = freeBytes < minFreeBytes;
  const message = `The disk of the ${role} ${path} has only ${Math.round(freeBytes / 1e6)} MB free. Free some space.`;
  return { about: 'folders', blocking, message };
}
