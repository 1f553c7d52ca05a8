/**
 * Pictures of jobs as pages show them, re-encoded once and kept in the state folder by the job's id: what went in and what came out.
 * One that is kept stays when its file has moved on. The oldest go when they are too many bytes.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  CycleboxError,
  type Disposable,
  findLinkedFolder,
  type RelativePath,
  readRegularFile,
} from '../../base/index.js';
import type { PictureProcess } from './picture-process.js';

export interface JobPicture {
  readonly id: string;
  readonly of: 'source' | 'output';
  /** Absolute; the inbox or the outbox. */
  readonly folder: string;
  readonly path: RelativePath;
  /** What the file must be; undefined: whatever is there. */
  readonly identity?: string | undefined;
  /** In pixels. */
  readonly longestSide: number;
}

export interface PictureCacheOptions {
  /** Absolute; made when needed, closed to others. */
  readonly folder: string;
  readonly process: PictureProcess;
  /** Default 512 MB. */
  readonly mostBytes?: number;
}

const privateFolderMode = 0o700;
/** So many writes between looks at the size of all. */
const writesBetweenLooks = 50;

export class PictureCache implements Disposable {
  readonly #options: PictureCacheOptions;
  readonly #making = new Map<string, Promise<Buffer>>();
  #writes = 0;

  constructor(options: PictureCacheOptions) {
    this.#options = options;
  }

  /** WebP. @throws FILE_NOT_FOUND when the file has gone or is another and no picture is kept, or what decoding throws */
  async picture(job: JobPicture): Promise<Buffer> {
    const target = join(this.#options.folder, nameOf(job));
    const kept = await readRegularFile(target).catch(() => undefined);
    if (kept) return kept;
    const making = this.#making.get(target) ?? this.#make(job, target);
    this.#making.set(target, making);
    try {
      return await making;
    } finally {
      this.#making.delete(target);
    }
  }

  dispose(): Promise<void> {
    return this.#options.process.dispose();
  }

  async #make({ folder, path, identity, longestSide }: JobPicture, target: string): Promise<Buffer> {
    if ((await findLinkedFolder(folder, path)) !== undefined) throw linked(path);
    await mkdir(this.#options.folder, { recursive: true, mode: privateFolderMode });
    await this.#options.process.encode({ file: join(folder, path), identity, longestSide, target });
    if (++this.#writes % writesBetweenLooks === 0) await this.#shrink();
    return readRegularFile(target);
  }

  /** The longest unused go first, down to nine tenths. */
  async #shrink(): Promise<void> {
    const { folder, mostBytes = 512 * 1024 * 1024 } = this.#options;
    const names = await readdir(folder);
    const files = await Promise.all(names.map(async name => ({ name, stats: await stat(join(folder, name)) })));
    let bytes = files.reduce((sum, { stats }) => sum + stats.size, 0);
    if (bytes <= mostBytes) return;
    for (const { name, stats } of files.sort((a, b) => a.stats.mtimeMs - b.stats.mtimeMs)) {
      if (bytes <= 0.9 * mostBytes) return;
      await rm(join(folder, name), { force: true });
      bytes -= stats.size;
    }
  }
}

/** An output of another name, or a file of another identity, is another picture. */
function nameOf({ id, of, path, identity = '', longestSide }: JobPicture): string {
  const digest = createHash('sha256').update(`${path}\n${identity}`).digest('hex').slice(0, 12);
  return `${id}-${of}-${longestSide}-${digest}.webp`;
}

function linked(path: RelativePath): CycleboxError {
  const message = `${path} lies behind a folder that is a link, which is not followed here.`;
  return new CycleboxError('FILE_NOT_FOUND', message, { subject: { file: path } });
}
