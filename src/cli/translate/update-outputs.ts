/**
 * Results of `translate --on-collision update`: they replace what earlier runs made of the same image by the same translation,
 * as an outbox with `"onCollision": "update"` does, and never another file. The folder's ledger (`.cyclebox/`) remembers which
 * is which, so that an outbox of a daemon can be written to as well. Without that option no such folder is made.
 */
import { realpath } from 'node:fs/promises';
import { join, parse, relative, sep } from 'node:path';
import { CycleboxError, type Disposable, DisposableStore, identify, newJobId } from '../../base/index.js';
import { openPublisher, type Publisher } from '../../inbox/index.js';
import { writeFlushed } from './write-beside.js';

export class UpdatedOutputs implements Disposable {
  readonly #folder: string;
  readonly #opened = new DisposableStore();
  /** By the root that images' paths are relative to: one, but for Windows with its drives. */
  readonly #publishers = new Map<string, Promise<Publisher>>();

  /** @param folder absolute */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** @returns the path of the result @throws WRITE_FAILED */
  async write(image: string, translation: string, name: string, data: Uint8Array): Promise<string> {
    const file = await realpath(image);
    const { root } = parse(file);
    const publisher = await this.#publisherOf(root);
    const identity = await identify(file);
    const temporary = publisher.temporaryFor(name);
    await writeFlushed(temporary, data);
    const source = { path: relative(root, file).split(sep).join('/'), identity: identity ?? '', translation };
    const how = { job: newJobId(), version: '', temporary, wanted: name, redo: true, onAttempt: () => {} };
    const result = await publisher.publish({ ...source, ...how });
    if (result.kind !== 'source-gone') return join(this.#folder, result.output);
    throw new CycleboxError('WRITE_FAILED', `${image} has changed while it was translated: translate it again.`);
  }

  async dispose(): Promise<void> {
    await this.#opened.dispose();
  }

  #publisherOf(root: string): Promise<Publisher> {
    const publisher = this.#publishers.get(root) ?? this.#open(root);
    this.#publishers.set(root, publisher);
    return publisher;
  }

  async #open(root: string): Promise<Publisher> {
    const outbox = this.#folder;
    const policies = { onCollision: 'update', afterSuccess: 'keep' } as const;
    const state = join(outbox, '.cyclebox', 'translate');
    return this.#opened.add(await openPublisher({ inbox: root, outbox, state, ...policies }));
  }
}
