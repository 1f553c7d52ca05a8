/**
 * A file on its way: its first bytes in `FILE.part`, and in `FILE.part.json` what they are the first bytes of, so that
 * an interrupted transfer can go on. It trusts nothing that it finds: bytes whose origin is not recorded are dropped.
 */
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { readRegularText, sha256File, syncFile, syncFolder, writeFileAtomic } from '../base/index.js';

const origin = z.object({
  address: z.string(),
  /** A strong ETag or a Last-Modified date, for If-Range. */
  validator: z.string().optional(),
  /** The hash that the whole must have: with it, the rest may come from anywhere. */
  sha256: z.string().optional(),
});

/** What the bytes that are there are the first bytes of. */
export interface PartOrigin {
  readonly address: string;
  readonly validator?: string | undefined;
  readonly sha256?: string | undefined;
}

export class PartialFile {
  readonly path: string;
  readonly #target: string;
  readonly #recordPath: string;

  constructor(target: string) {
    this.#target = target;
    this.path = `${target}.part`;
    this.#recordPath = `${target}.part.json`;
  }

  /** How many bytes are there, 0 where they may not be gone on with. */
  async sizeBytes(): Promise<number> {
    const size = await stat(this.path).then(
      status => status.size,
      () => 0,
    );
    return (await this.origin()) === undefined ? 0 : size;
  }

  async origin(): Promise<PartOrigin | undefined> {
    const text = await readRegularText(this.#recordPath).catch(() => undefined);
    if (text === undefined) return undefined;
    try {
      return origin.parse(JSON.parse(text));
    } catch {
      return undefined;
    }
  }

  /** Opens for writing from `at` on; what lies behind is cut off. The origin is on the disk before any byte. */
  async open(at: number, from: PartOrigin): Promise<FileHandle> {
    await writeFileAtomic(this.#recordPath, `${JSON.stringify(from)}\n`);
    const handle = await open(this.path, at === 0 ? 'w' : 'r+');
    if (at > 0) await handle.truncate(at);
    return handle;
  }

  sha256(): Promise<string> {
    return sha256File(this.path);
  }

  async drop(): Promise<void> {
    await rm(this.path, { force: true });
    await rm(this.#recordPath, { force: true });
  }

  /** Gives the whole its name, replacing what had it. */
  async finish(): Promise<void> {
    await syncFile(this.path);
    await rename(this.path, this.#target);
    await rm(this.#recordPath, { force: true });
    await syncFolder(dirname(this.#target));
  }
}
