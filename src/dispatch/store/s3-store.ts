/**
 * A bucket of an S3 server between machines that share nothing else: an image goes up when its attempt is handed out, and its result comes
 * back the same way. Every key has the attempt's token, no object is overwritten, and the watcher takes only what the attempt under way
 * has made: a worker that was cut off and comes back changes nothing. Models are there once, by their hash.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { asCycleboxError, type Clock, CycleboxError, makeFolder, sha256File, systemClock } from '../../base/index.js';
import { FileCheck } from '../../worker/index.js';
import {
  type AttemptFiles,
  type OfferedImage,
  stagedName,
  sweepAfterMs,
  tokenIn,
  type WatcherStore,
  type WorkerStore,
  type WorkFiles,
} from './job-store.js';
import { type ModelSet, type ModelSource, NotOffered, parseModelSet, requireSum } from './model-set.js';
import { S3Bucket, type S3BucketOptions, type S3Place } from './s3-bucket.js';

const workPrefix = 'work/';
const modelPrefix = 'models/';
const scratchPrefix = 'cyclebox-work-';
/** Longer than any job may take. */
const abandonedAfterMs = 2 * 86_400_000;
const parts = { image: '/image', result: '/result' } as const;

export class S3Store implements WatcherStore, WorkerStore {
  readonly identity: string;
  readonly copies = true;
  readonly #bucket: S3Bucket;
  readonly #clock: Clock;
  #tidied: Promise<void> | undefined;
  readonly #offering = new Map<string, Promise<void>>();
  /** When what is left over was first seen, so that nobody's clock has to be right. */
  readonly #seenMs = new Map<string, number>();

  constructor(place: S3Place, options: S3BucketOptions = {}) {
    this.identity = `s3://${place.bucket}/${place.prefix}`;
    this.#bucket = new S3Bucket(place, options);
    this.#clock = options.clock ?? systemClock;
  }

  get name(): string {
    return this.#bucket.name;
  }

  async check(): Promise<void> {
    const key = `${workPrefix}check.${randomUUID()}/probe`;
    try {
      if (!(await this.#bucket.refusesToOverwrite(key))) throw overwrites(this.name);
      if ((await this.#bucket.getText(key)) !== 'a') throw overwrites(this.name);
    } finally {
      await this.#bucket.remove(key).catch(() => {});
    }
  }

  async offer(attempt: AttemptFiles, { source, expected }: OfferedImage, signal?: AbortSignal): Promise<void> {
    const { onOpened } = new FileCheck(source, expected);
    await this.#bucket.putFile(keyOf(attempt, 'image'), source, { signal, onOpened });
  }

  async take(attempt: AttemptFiles, temporary: string, signal?: AbortSignal): Promise<void> {
    await makeFolder(dirname(temporary));
    const key = keyOf(attempt, 'result');
    if (await this.#bucket.getFile(key, temporary, signal)) return;
    const message = `The worker has made ${key}, and it is not in ${this.name}: it was removed there. See its rules for old objects.`;
    throw new CycleboxError('WRITE_FAILED', message, { subject: { file: temporary } });
  }

  async discard(attempt: AttemptFiles): Promise<void> {
    for (const part of ['image', 'result'] as const) await this.#bucket.remove(keyOf(attempt, part)).catch(() => {});
  }

  async sweep(isUnderWay: (token: string) => boolean): Promise<number> {
    const found = new Map<string, () => Promise<void>>();
    for await (const key of this.#bucket.list(workPrefix)) found.set(key, () => this.#bucket.remove(key));
    for (const { key, id } of await this.#bucket.unfinished(workPrefix))
      found.set(`${key}?${id}`, () => this.#bucket.giveUp(key, id));
    for (const name of this.#seenMs.keys()) if (!found.has(name)) this.#seenMs.delete(name);
    let removed = 0;
    for (const [name, remove] of found) {
      const token = tokenIn(name.slice(workPrefix.length).split('/')[0] ?? '');
      if (token === undefined || isUnderWay(token) || !this.#hasLain(name)) continue;
      await remove();
      this.#seenMs.delete(name);
      removed++;
    }
    return removed;
  }

  offerModel(model: ModelSource): Promise<void> {
    const offering =
      this.#offering.get(model.sha256) ??
      this.#offerModel(model).finally(() => {
        this.#offering.delete(model.sha256);
      });
    this.#offering.set(model.sha256, offering);
    return offering;
  }

  async open(attempt: AttemptFiles, signal?: AbortSignal): Promise<WorkFiles> {
    this.#tidied ??= removeAbandoned();
    await this.#tidied;
    const folder = await mkdtemp(join(tmpdir(), scratchPrefix));
    const dispose = () => rm(folder, { recursive: true, force: true });
    const root = join(folder, 'inbox');
    // Results are named by their images, and plugins see where these lie in the inbox.
    const source = join(root, ...attempt.path.split('/').map(possibleHere));
    const result = join(folder, 'result');
    try {
      await mkdir(dirname(source), { recursive: true });
      if (!(await this.#bucket.getFile(keyOf(attempt, 'image'), source, signal)))
        throw new CycleboxError('STORE_UNAVAILABLE', `The image of ${attempt.path} is not in ${this.name} any more.`);
    } catch (error) {
      await dispose();
      throw error instanceof CycleboxError ? error : asCycleboxError(error, { file: source }, 'WRITE_FAILED');
    }
    return { root, source, result, deliver: () => this.#deliver(attempt, result, signal), dispose };
  }

  async #deliver(attempt: AttemptFiles, result: string, signal: AbortSignal | undefined): Promise<void> {
    try {
      await this.#bucket.putFile(keyOf(attempt, 'result'), result, { signal });
    } catch (error) {
      if (!(error instanceof CycleboxError) || error.code !== 'FILE_EXISTS') throw error;
      throw new CycleboxError('CANCELLED', `The attempt has a result already: ${error.message}`);
    }
  }

  async fetchModel(sha256: string, folder: string): Promise<string> {
    const key = setKey(sha256);
    const text = await this.#bucket.getText(key);
    if (text === undefined) throw new NotOffered(sha256, this.name);
    const { files } = parseModelSet(text, `${key} in ${this.name}`);
    for (const file of files) {
      const at = join(folder, file.name);
      if (!(await this.#bucket.getFile(fileKey(file.sha256), at))) throw new NotOffered(sha256, this.name);
      await requireSum(file, at, sha256, this.name);
    }
    return files[0]?.name ?? '';
  }

  async dispose(): Promise<void> {
    await this.#bucket.dispose();
  }

  /** The list last: who finds it finds the files. Any of them may have been removed by the bucket's rules. */
  async #offerModel({ sha256, folder, files }: ModelSource): Promise<void> {
    const set: { name: string; sha256: string }[] = [];
    for (const name of files) {
      const path = join(folder, name);
      const sum = await sha256File(path).catch(error => {
        throw asCycleboxError(error, { file: path }, 'FILE_UNREADABLE');
      });
      if (!(await this.#bucket.has(fileKey(sum))))
        await this.#bucket.putFile(fileKey(sum), path, { followLinks: true });
      set.push({ name, sha256: sum });
    }
    const key = setKey(sha256);
    if (await this.#bucket.has(key)) return;
    await this.#bucket.putText(key, JSON.stringify({ files: set } satisfies ModelSet));
  }

  #hasLain(name: string): boolean {
    const nowMs = this.#clock.monotonicMs();
    const sinceMs = this.#seenMs.get(name) ?? nowMs;
    this.#seenMs.set(name, sinceMs);
    return nowMs - sinceMs >= sweepAfterMs;
  }
}

function keyOf(attempt: AttemptFiles, part: keyof typeof parts): string {
  return `${workPrefix}${stagedName(attempt)}${parts[part]}`;
}

function setKey(sha256: string): string {
  return `${modelPrefix}${sha256}.json`;
}

function fileKey(sha256: string): string {
  return `${modelPrefix}files/${sha256}`;
}

/** Windows cannot have every name that others have. */
function possibleHere(name: string): string {
  return process.platform === 'win32' ? name.replace(/[<>:"|?*]/g, '_').replace(/[. ]$/, '_') : name;
}

/** What workers that were killed have left on this machine. */
async function removeAbandoned(): Promise<void> {
  for (const name of await readdir(tmpdir()).catch(() => [])) {
    if (!name.startsWith(scratchPrefix)) continue;
    const folder = join(tmpdir(), name);
    const { mtimeMs } = await stat(folder).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
    if (Date.now() - mtimeMs > abandonedAfterMs) await rm(folder, { recursive: true, force: true }).catch(() => {});
  }
}

function overwrites(name: string): CycleboxError {
  const message = `${name} overwrites objects although it is told not to (If-None-Match): take a server with conditional writes.`;
  return new CycleboxError('STORE_UNAVAILABLE', message);
}
