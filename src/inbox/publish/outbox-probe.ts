/**
 * What the file system of the outbox can do, found out by trying: hard links, which are how a name is given without
 * overwriting another. exFAT and many network shares have none, and some that claim to have them copy instead.
 */
import { mkdir, open, rm, statfs } from 'node:fs/promises';
import { inodeOf, type NamingCalls, systemNaming, temporaryPathFor } from '../../base/index.js';

/** Errors that speak of the disk's state, not of what the file system can do. */
const passing: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EIO', 'ENOENT', 'ESTALE']);

/**
 * Writes and links a probe file in `folder`.
 * @throws what the system says when nothing can be written there
 */
export async function probeLinks(folder: string, owner: string, calls: NamingCalls = systemNaming): Promise<boolean> {
  await mkdir(folder, { recursive: true });
  const file = temporaryPathFor(`${folder}/probe`, owner);
  const other = temporaryPathFor(`${folder}/probe`, owner);
  try {
    const handle = await open(file, 'wx');
    await handle.writeFile('probe').finally(() => handle.close());
    return await linksWork(file, other, calls);
  } finally {
    await Promise.all([file, other].map(path => rm(path, { force: true })));
  }
}

async function linksWork(file: string, other: string, { link }: NamingCalls): Promise<boolean> {
  try {
    await link(file, other);
  } catch (error) {
    if (passing.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
    return false;
  }
  if ((await inodeOf(file)) !== (await inodeOf(other))) return false;
  return link(file, other).then(
    () => false,
    error => (error as NodeJS.ErrnoException).code === 'EEXIST',
  );
}

/** File systems shared between machines, by the number that Linux gives them. */
const sharedTypes: ReadonlySet<number> = new Set([
  0x6969, // NFS
  0xff534d42, // CIFS
  0xfe534d42, // SMB 2
  0x517b, // SMB
  0x01021997, // 9P
  0x65735546, // FUSE: may be a share
  0x00c36400, // Ceph
  0x5346414f, // AFS
  0x0bd00bd0, // Lustre
  0x01161970, // GFS2
  0x7461636f, // OCFS2
]);

/** True when the folder may be on another machine, as far as the system says. */
export async function isShared(folder: string): Promise<boolean> {
  try {
    return sharedTypes.has((await statfs(folder)).type);
  } catch {
    return false;
  }
}
