/**
 * A value of a network over a whole image, written in parts and read in others: in memory as far as the budget that it shares goes,
 * else in a file that has no name any more and so ends with the process, however that ends.
 */

import { randomBytes } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CycleboxError, systemCodeOf } from '../base/index.js';
import { areaOf, lengthOf, type Region } from '../graph/index.js';

/** What all values of a run may hold in memory together. */
export interface MemoryBudget {
  leftBytes: number;
}

interface Block {
  readonly region: Region;
  /** Channels one after the other. Undefined: in the file, from `position` on. */
  readonly data: Float32Array | undefined;
  readonly position: number;
}

export interface KeptValueOptions {
  readonly channels: number;
  readonly budget: MemoryBudget;
  /** Where a file is made. */
  readonly folder: string;
  /** How; for tests. */
  readonly openFile?: ((folder: string) => Promise<SpillFile>) | undefined;
}

/** What is needed of a file. */
export type SpillFile = Pick<FileHandle, 'read' | 'write' | 'close'>;

export class KeptValue {
  readonly #options: KeptValueOptions;
  readonly #blocks: Block[] = [];
  #file: Promise<SpillFile> | undefined;
  #fileBytes = 0;

  constructor(options: KeptValueOptions) {
    this.#options = options;
  }

  /** In the file. */
  get spilledBytes(): number {
    return this.#fileBytes;
  }

  /** Takes `data` over: nobody may change it. @throws WRITE_FAILED */
  async write(region: Region, data: Float32Array): Promise<void> {
    const { budget } = this.#options;
    if (data.byteLength <= budget.leftBytes) {
      budget.leftBytes -= data.byteLength;
      this.#blocks.push({ region, data, position: 0 });
      return;
    }
    const position = this.#fileBytes;
    this.#fileBytes += data.byteLength;
    await this.#writeAt(position, data);
    this.#blocks.push({ region, data: undefined, position });
  }

  /** The region, channels one after the other. @throws FILE_UNREADABLE */
  async read(region: Region): Promise<Float32Array> {
    const { channels } = this.#options;
    const into = new Float32Array(channels * areaOf(region));
    await Promise.all(this.#blocks.flatMap(block => this.#copies(block, region, into)));
    return into;
  }

  async dispose(): Promise<void> {
    for (const { data } of this.#blocks) this.#options.budget.leftBytes += data?.byteLength ?? 0;
    this.#blocks.length = 0;
    const file = this.#file;
    this.#file = undefined;
    await (await file?.catch(() => undefined))?.close();
  }

  /** What the block has of the region, run by run of neighbouring cells. */
  #copies(block: Block, [rows, columns]: Region, into: Float32Array): Promise<void>[] {
    const [blockRows, blockColumns] = block.region;
    const [top, bottom] = [Math.max(rows[0], blockRows[0]), Math.min(rows[1], blockRows[1])];
    const [left, right] = [Math.max(columns[0], blockColumns[0]), Math.min(columns[1], blockColumns[1])];
    if (top >= bottom || left >= right) return [];
    const [width, blockWidth] = [lengthOf(columns), lengthOf(blockColumns)];
    const whole = right - left === width && width === blockWidth;
    const [runs, length] = whole ? [1, (bottom - top) * width] : [bottom - top, right - left];
    const copies: Promise<void>[] = [];
    for (let channel = 0; channel < this.#options.channels; channel++) {
      for (let run = 0; run < runs; run++) {
        const row = top + run;
        const from = (channel * lengthOf(blockRows) + row - blockRows[0]) * blockWidth + left - blockColumns[0];
        const to = (channel * lengthOf(rows) + row - rows[0]) * width + left - columns[0];
        const target = into.subarray(to, to + length);
        if (block.data) target.set(block.data.subarray(from, from + length));
        else copies.push(this.#readAt(block.position + from * 4, target));
      }
    }
    return copies;
  }

  async #readAt(position: number, into: Float32Array): Promise<void> {
    const bytes = bytesOf(into);
    const file = await this.#file!;
    for (let done = 0; done < bytes.length; ) {
      const { bytesRead } = await file.read(bytes, done, bytes.length - done, position + done);
      if (bytesRead === 0)
        throw new CycleboxError('FILE_UNREADABLE', `A temporary file in ${this.#options.folder} was cut off.`);
      done += bytesRead;
    }
  }

  async #writeAt(position: number, data: Float32Array): Promise<void> {
    try {
      this.#file ??= (this.#options.openFile ?? openNameless)(this.#options.folder);
      const file = await this.#file;
      const bytes = bytesOf(data);
      for (let done = 0; done < bytes.length; )
        done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
    } catch (error) {
      throw spillingFailed(this.#options.folder, error);
    }
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Its name is removed at once: what is open keeps its content. */
async function openNameless(folder: string): Promise<FileHandle> {
  const path = join(folder, `cyclebox-${process.pid}-${randomBytes(6).toString('hex')}.spill`);
  const file = await open(path, 'wx+', 0o600);
  await rm(path, { force: true }).catch(() => {});
  return file;
}

function spillingFailed(folder: string, cause: unknown): CycleboxError {
  const full = ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(systemCodeOf(cause) ?? '');
  const why = full ? 'the disk is full' : `it could not be written (${(cause as Error).message})`;
  return new CycleboxError(
    'WRITE_FAILED',
    `What a network makes of a large image is laid down in ${folder}, and ${why}. ` +
      'Free some space, name another folder with TMPDIR, or take --tiling thumbnail, which lays nothing down.',
    { subject: { file: folder }, cause },
  );
}
