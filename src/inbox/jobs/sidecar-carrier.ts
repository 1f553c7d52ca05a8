/**
 * Carries the sidecars of an image along (`"sidecars": "copy"`): copies of them appear beside its output, and they go where
 * it goes. Each is published as an output is: whole, once, never over a file of others. It never fails a job: what cannot be
 * carried is said. It does not look for sidecars that come or change after their image was translated.
 */
import { readdir, rm } from 'node:fs/promises';
import { join, posix } from 'node:path';
import {
  asCycleboxError,
  CycleboxError,
  copyRegularFile,
  identify,
  inPinnedFolder,
  type ReadContent,
  type RelativePath,
} from '../../base/index.js';
import type { Job, RunReport } from '../journal/index.js';
import {
  carriedName,
  isShared,
  type PublishedSource,
  type Publisher,
  sidecarsOf,
  speaksOfPixels,
} from '../publish/index.js';

export interface SidecarCarrierOptions {
  /** Absolute. */
  readonly inbox: string;
  readonly publisher: Publisher;
  /** What is known of the job's last attempt. */
  readonly reportOf: (job: Job) => RunReport | undefined;
  readonly onWarning: (error: CycleboxError) => void;
}

export class SidecarCarrier {
  readonly #options: SidecarCarrierOptions;

  constructor(options: SidecarCarrierOptions) {
    this.#options = options;
  }

  /** Before the job is done: a crash in between lets it be done again. */
  async carry(job: Job, output: RelativePath): Promise<void> {
    const report = this.#options.reportOf(job);
    await this.#each(job, async sidecar => {
      if (report && hasOtherSize(report) && speaksOfPixels(sidecar)) throw outgrown(sidecar);
      await this.#carryOne(job, sidecar, output);
    });
  }

  /** The image is about to be archived or deleted; those that another image may need stay. */
  async takeAway(job: Job): Promise<void> {
    const { publisher } = this.#options;
    await this.#each(job, async (name, names) => {
      if (isShared(name, posix.basename(job.path), names)) return;
      const source = await this.#sourceOf(job, name);
      const published = source && (await publisher.publishedBefore(source));
      if (published) await publisher.afterSuccess({ ...source, content: published.content });
    });
  }

  async #each(job: Job, work: (name: string, names: readonly string[]) => Promise<void>): Promise<void> {
    const { inbox, onWarning } = this.#options;
    const folder = posix.dirname(job.path);
    const names = await readdir(join(inbox, folder)).catch(() => []);
    for (const name of sidecarsOf(posix.basename(job.path), names)) {
      const file = join(inbox, folder, name);
      await work(name, names).catch(error => onWarning(asCycleboxError(error, { file, job: job.id }, 'WRITE_FAILED')));
    }
  }

  async #carryOne(job: Job, name: string, output: RelativePath): Promise<void> {
    const { publisher, onWarning } = this.#options;
    const source = await this.#sourceOf(job, name);
    if (!source || (!job.redo && (await publisher.publishedBefore(source)))) return;
    const wanted = posix.join(
      posix.dirname(output),
      carriedName(name, posix.basename(job.path), posix.basename(output)),
    );
    // Beside the output, whose folder is there.
    const temporary = publisher.temporaryFor(wanted);
    try {
      const content = await this.#copy(source, temporary);
      const { identity } = content;
      const { id, version, redo } = job;
      const how = { job: id, version, temporary, wanted, redo, onAttempt: () => {} };
      const result = await publisher.publish({
        ...source,
        ...how,
        identity,
        content,
        onCollision: 'skip',
        replacesOwn: true,
      });
      if (result.kind === 'skipped') onWarning(taken(source.path, result.output));
    } finally {
      await rm(temporary, { force: true }).catch(() => {});
    }
  }

  /** Undefined when it is no regular file, or gone. */
  async #sourceOf({ path, translation }: Job, name: string): Promise<PublishedSource | undefined> {
    const sidecar = posix.join(posix.dirname(path), name);
    const identity = await identify(join(this.#options.inbox, sidecar));
    return identity === undefined ? undefined : { path: sidecar, identity, translation: `sidecar of ${translation}` };
  }

  /** Links are not followed, neither in its place nor in that of its folder. */
  #copy({ path }: PublishedSource, temporary: string): Promise<ReadContent> {
    const folder = posix.dirname(path);
    const copy = (at: string) => copyRegularFile(join(at, posix.basename(path)), temporary);
    return inPinnedFolder(this.#options.inbox, folder === '.' ? '' : folder, copy);
  }
}

function hasOtherSize({ width, height, sourceSize }: RunReport): boolean {
  return sourceSize !== undefined && (sourceSize.width !== width || sourceSize.height !== height);
}

function outgrown(name: string): CycleboxError {
  const message = `${name} is not carried along: it says where pixels are, and the output has others, being of another size.`;
  return new CycleboxError('IMAGE_UNSUPPORTED', message);
}

function taken(path: RelativePath, output: RelativePath): CycleboxError {
  const message = `${path} is not carried along: ${output} is in the outbox already, and is not of cyclebox's making. Move it away, and ask for the image again.`;
  return new CycleboxError('FILE_EXISTS', message);
}
