/**
 * Takes the body of an answer into a partial file. The first bytes are held until they show what the file is, so that a
 * web page never becomes part of it; after that everything is written as it comes, up to the size that it may have.
 */
import type { FileHandle } from 'node:fs/promises';
import { CycleboxError } from '../base/index.js';
import { type ContentKind, isOfKind, nameOfBytes } from './content-kind.js';
import type { PartialFile, PartOrigin } from './partial-file.js';

export interface ReceiveOptions {
  readonly kind: ContentKind;
  /** Of the whole, where it is known. */
  readonly sizeBytes?: number | undefined;
  readonly maxBytes: number;
  readonly onBytes?: ((received: number, total: number | undefined) => void) | undefined;
}

/** This address does not have the file. `isOther`: it has something else in its place. */
export interface Refused {
  readonly kind: 'refused';
  readonly reason: string;
  readonly isOther?: boolean;
}

interface Interrupted {
  readonly kind: 'interrupted';
  readonly reason: string;
}

/** What an answer says of its body. */
export interface Coming {
  /** The byte of the file that the body begins with. */
  readonly start: number;
  /** Bytes of the whole file, as announced. */
  readonly total: number | undefined;
  readonly origin: PartOrigin;
}

/** Long enough to tell any kind, and a web page's title. */
const headBytes = 1024;

export class BodyReceiver {
  readonly #part: PartialFile;
  readonly #coming: Coming;
  readonly #options: ReceiveOptions;
  #handle: FileHandle | undefined;
  /** What is held back until it shows what the file is; undefined once it has. */
  #head: Uint8Array | undefined;
  #at: number;

  constructor(part: PartialFile, coming: Coming, options: ReceiveOptions) {
    this.#part = part;
    this.#coming = coming;
    this.#options = options;
    this.#at = coming.start;
    this.#head = coming.start === 0 ? new Uint8Array() : undefined;
  }

  /** @throws CycleboxError WRITE_FAILED */
  async take(bytes: Uint8Array): Promise<Refused | undefined> {
    if (!this.#head) return await this.#write(bytes);
    this.#head = Buffer.concat([this.#head, bytes]);
    return this.#head.length < headBytes ? undefined : await this.#release(this.#head);
  }

  /** The body has ended by itself. @throws CycleboxError WRITE_FAILED */
  async end(): Promise<Refused | Interrupted | undefined> {
    const refused = this.#head && (await this.#release(this.#head));
    if (refused) return refused;
    const whole = this.#coming.total ?? this.#options.sizeBytes;
    if (whole === undefined || this.#at >= whole) return undefined;
    return { kind: 'interrupted', reason: `ended after ${this.#at} of ${whole} bytes` };
  }

  /** The connection broke: what came is kept, if it can be the file. @throws CycleboxError WRITE_FAILED */
  async keep(): Promise<void> {
    if (this.#head && this.#head.length > 0) await this.#release(this.#head);
  }

  async close(): Promise<void> {
    await this.#handle?.close();
    this.#handle = undefined;
  }

  async #release(head: Uint8Array): Promise<Refused | undefined> {
    const { kind } = this.#options;
    if (!isOfKind(kind, head))
      return { kind: 'refused', reason: `serves ${nameOfBytes(head)}, not ${kind.name}`, isOther: true };
    this.#head = undefined;
    return await this.#write(head);
  }

  async #write(bytes: Uint8Array): Promise<Refused | undefined> {
    const { sizeBytes, maxBytes, onBytes } = this.#options;
    const limit = sizeBytes ?? maxBytes;
    if (this.#at + bytes.length > limit)
      return { kind: 'refused', reason: `sends more than the ${limit} bytes that it may have`, isOther: true };
    try {
      this.#handle ??= await this.#part.open(this.#coming.start, this.#coming.origin);
      await writeAll(this.#handle, bytes, this.#at);
    } catch (cause) {
      throw notWritten(this.#part.path, cause);
    }
    this.#at += bytes.length;
    onBytes?.(this.#at, this.#coming.total ?? sizeBytes);
    return undefined;
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, at + done);
    done += bytesWritten;
  }
}

function notWritten(path: string, cause: unknown): CycleboxError {
  const message = `${path} could not be written: ${(cause as Error).message}. Make room, or name another folder.`;
  return new CycleboxError('WRITE_FAILED', message, { subject: { file: path }, cause });
}
