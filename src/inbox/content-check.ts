/**
 * Tells a file that only looks like one that is known from one that is: same path, size and times, but changed since it was
 * read, or with another inode, as all files have after FAT is mounted again. It reads such files, one at a time, and compares what is in them. Permissions and backups change files
 * without changing what is in them: these stay known. It decides nothing; whoever asked hears the answer.
 */
import { join } from 'node:path';
import { type CycleboxError, contentOf, isSameIdentity, type ReadContent, type RelativePath } from '../base/index.js';
import type { Job } from './journal/index.js';
import type { FoundFile } from './watch/index.js';

export interface ContentCheckOptions {
  /** Absolute. */
  readonly inbox: string;
  /** The job's file is what it was, or nobody knows what that was: `content` is what is there now. */
  readonly onSame: (job: Job, content: ReadContent) => void;
  readonly onOther: (job: Job) => Promise<void>;
  readonly onError: (error: unknown) => void;
  /** A check has ended. */
  readonly onProgress: () => void;
}

interface Doubt {
  readonly job: Job;
  readonly file: FoundFile;
}

export class ContentCheck {
  readonly #options: ContentCheckOptions;
  readonly #waiting = new Map<RelativePath, Doubt>();
  #working: Promise<void> | undefined;
  #isStopped = false;

  constructor(options: ContentCheckOptions) {
    this.#options = options;
  }

  get isBusy(): boolean {
    return this.#working !== undefined;
  }

  /** Once for a path, however often it is asked for meanwhile. */
  offer(job: Job, file: FoundFile): void {
    if (this.#isStopped) return;
    this.#waiting.set(file.path, { job, file });
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
      this.#options.onProgress();
    });
  }

  async dispose(): Promise<void> {
    this.#isStopped = true;
    this.#waiting.clear();
    await this.#working;
  }

  async #work(): Promise<void> {
    // Later, so that what one scan asks for is asked for once.
    await new Promise(resolve => setImmediate(resolve));
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      await this.#check(next).catch((error: CycleboxError) => this.#options.onError(error));
      this.#waiting.delete(next.file.path);
    }
  }

  #next(): Doubt | undefined {
    const [first] = this.#waiting.values();
    return first;
  }

  async #check({ job, file }: Doubt): Promise<void> {
    const content = await contentOf(join(this.#options.inbox, file.path)).catch(() => undefined);
    // Gone, unreadable or changed again: the next look says what is to be done.
    if (!content || !isSameIdentity(content.identity, file.identity)) return;
    const known = job.content?.sha256;
    if (known === undefined || known === content.sha256) this.#options.onSame(job, content);
    else await this.#options.onOther(job);
  }
}
