/**
 * That a folder is still the one that it was: not another in its place, as the place is where a disk was mounted. A disk
 * that comes back may have another device number; its folders keep inode and birth. It looks when asked, and watches nothing.
 */
import { type BigIntStats, stat } from 'node:fs';
import { promisify } from 'node:util';
import { CycleboxError } from './errors.js';
import { birthOf } from './file-identity.js';

const statOf = promisify(stat) as (path: string, options: { bigint: true }) => Promise<BigIntStats>;

interface Known {
  readonly device: bigint;
  readonly inode: bigint;
  /** Undefined where the file system does not record it. */
  readonly bornNs: bigint | undefined;
  readonly isMount: boolean;
}

export class SameFolder {
  readonly #path: string;
  readonly #name: string;
  #known: Known | undefined;

  /** @param name what it is for, in messages: `outbox` */
  constructor(path: string, name: string) {
    this.#path = path;
    this.#name = name;
  }

  /**
   * The first folder that is found is remembered.
   * @throws WRITE_FAILED when there is none, or another than before
   */
  async require(): Promise<void> {
    const now = await look(this.#path).catch(cause => {
      throw this.#refusal(`cannot be used (${(cause as Error).message})`, cause);
    });
    this.#known ??= now;
    if (isSame(this.#known, now)) return;
    const cause = Object.assign(new Error('another folder is in its place'), { code: 'ESTALE' });
    const where = this.#known.isMount && !now.isMount ? 'its disk is not mounted' : 'another folder is in its place';
    throw this.#refusal(`is not the folder that it was (${where})`, cause);
  }

  #refusal(what: string, cause: unknown): CycleboxError {
    const remedy = 'make it available again, or start cyclebox anew to use what is there now';
    const message = `the ${this.#name} ${this.#path} ${what}: ${remedy}`;
    return new CycleboxError('WRITE_FAILED', message, { subject: { file: this.#path }, cause });
  }
}

async function look(path: string): Promise<Known> {
  const [own, parent] = await Promise.all([statOf(path, { bigint: true }), statOf(`${path}/..`, { bigint: true })]);
  if (!own.isDirectory()) throw Object.assign(new Error('it is no folder'), { code: 'ENOTDIR' });
  return { device: own.dev, inode: own.ino, bornNs: birthOf(own), isMount: own.dev !== parent.dev };
}

function isSame(known: Known, now: Known): boolean {
  if (known.inode !== now.inode || known.isMount !== now.isMount) return false;
  if (known.device !== now.device && !known.isMount) return false;
  return known.bornNs === undefined || now.bornNs === undefined || known.bornNs === now.bornNs;
}
