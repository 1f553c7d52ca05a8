/**
 * That the file which is opened is the one that a job was made for. Between the daemon's look and the worker's, whoever may
 * write in the inbox can put a link, or a folder that is one, in its place: what such a one leads to is never read.
 */
import { createHash, type Hash } from 'node:crypto';
import { relative, sep } from 'node:path';
import {
  CycleboxError,
  type FileContent,
  type FileIdentity,
  findLinkedFolder,
  isSameIdentity,
  type RegularFile,
} from '../base/index.js';

export interface ExpectedFile {
  /** Absolute: no folder between it and the file may be a link. */
  readonly root: string;
  readonly identity: FileIdentity;
}

export class FileCheck {
  readonly #path: string;
  readonly #expected: ExpectedFile;
  #changed = '';
  #hash: Hash | undefined;
  #sha256: string | undefined;

  constructor(path: string, expected: ExpectedFile) {
    this.#path = path;
    this.#expected = expected;
  }

  /** For `decodeImage`. @throws FILE_UNREADABLE */
  readonly onOpened = async (file: RegularFile): Promise<void> => {
    const { root, identity } = this.#expected;
    this.#changed = file.changed;
    if (!isSameIdentity(file.identity, identity)) throw this.#refusal('it is another file than the one that was seen');
    const folder = await findLinkedFolder(root, relative(root, this.#path).split(sep).join('/'));
    if (folder !== undefined) throw this.#refusal(`the folder ${folder} is a link`);
  };

  readonly onRead = (bytes: Uint8Array): void => {
    this.#hash ??= createHash('sha256');
    this.#hash.update(bytes);
  };

  /** What was read, once all of it has been. */
  get content(): FileContent {
    this.#sha256 ??= this.#hash?.digest('hex');
    return { changed: this.#changed, sha256: this.#sha256 };
  }

  #refusal(why: string): CycleboxError {
    return new CycleboxError('FILE_UNREADABLE', `${this.#path} is not read: ${why}`, { subject: { file: this.#path } });
  }
}
