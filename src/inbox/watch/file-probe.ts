/**
 * Looks at paths, as `statFile` does, but without leaving the thread where that is safe: on a local disk a look takes
 * microseconds, and handing it to another thread and back costs five times as much as the look. On network shares,
 * which may hang, and after the first look that was slow, it always hands over.
 */
import { lstatSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { type FileStat, fileStatOf, statFailure, statFile } from '../../base/index.js';

/** Linux: btrfs, ext2 to ext4, F2FS, overlay, tmpfs, XFS, ZFS. */
const localTypes: ReadonlySet<number> = new Set([
  0x9123683e, 0xef53, 0xf2f52010, 0x794c7630, 0x01021994, 0x58465342, 0x2fc12fc1,
]);

const slowMs = 50;

export class FileProbe {
  #isLocal = false;

  /** Finds out what kind of file system `root` is on; until then everything is handed over. */
  async detectFileSystem(root: string): Promise<void> {
    if (process.platform !== 'linux') return;
    const type = await statfs(root).then(
      stats => stats.type,
      () => 0,
    );
    this.#isLocal = localTypes.has(type);
  }

  /** Never rejects; links are not followed. */
  stat(path: string): Promise<FileStat> {
    return this.#isLocal ? Promise.resolve(this.#statSync(path)) : statFile(path);
  }

  #statSync(path: string): FileStat {
    const startMs = performance.now();
    try {
      const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });
      return stats ? fileStatOf(stats) : { kind: 'nothing' };
    } catch (error) {
      return statFailure(error as NodeJS.ErrnoException);
    } finally {
      if (performance.now() - startMs > slowMs) this.#isLocal = false;
    }
  }
}
