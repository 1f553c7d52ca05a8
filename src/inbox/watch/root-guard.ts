/**
 * Supervises the inbox folder itself by device and inode: deleted and made anew, moved away and back, unmounted.
 * A folder that is not there says nothing about its files: they are not deleted, they are out of sight.
 *
 * A folder that was a mount point and no longer is one counts as gone, though the empty place it was mounted on is
 * there. It looks every two seconds, and at once when asked to.
 */
import { stat } from 'node:fs/promises';
import { type Clock, type Disposable, Emitter, type Event, systemClock } from '../../base/index.js';

export interface RootGuardOptions {
  readonly root: string;
  readonly clock?: Clock | undefined;
  /** The time between looks. Default 2000. */
  readonly checkMs?: number | undefined;
}

interface Root {
  /** `device:inode` */
  readonly id: string;
  readonly isMount: boolean;
  /** 0 where the file system does not record it. */
  readonly bornNs: bigint;
  readonly changedNs: bigint;
}

export class RootGuard implements Disposable {
  readonly #options: RootGuardOptions;
  readonly #clock: Clock;
  readonly #gone = new Emitter<void>();
  readonly #back = new Emitter<void>();
  /** The folder as it was last there. */
  #known: Root | undefined;
  #isThere = true;
  #checking: Promise<boolean> | undefined;
  #timer: Disposable | undefined;
  #disposed = false;

  constructor(options: RootGuardOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** The folder has vanished. */
  readonly onGone: Event<void> = this.#gone.event;

  /** A folder is there again, or another one than before: whoever watched the old one sees nothing of it. */
  readonly onBack: Event<void> = this.#back.event;

  get isThere(): boolean {
    return this.#isThere;
  }

  /** Looks now and then, from now on. */
  async start(): Promise<void> {
    await this.check();
    if (this.#disposed) return;
    this.#timer = this.#clock.after(this.#options.checkMs ?? 2000, () => void this.start());
  }

  /** Looks now: true when the folder is there. Tells of a change before it resolves. */
  check(): Promise<boolean> {
    this.#checking ??= this.#check().finally(() => {
      this.#checking = undefined;
    });
    return this.#checking;
  }

  dispose(): void {
    this.#disposed = true;
    void this.#timer?.dispose();
    this.#gone.dispose();
    this.#back.dispose();
  }

  async #check(): Promise<boolean> {
    const now = await look(this.#options.root);
    if (this.#disposed) return this.#isThere;
    if (!now || (this.#known?.isMount === true && !now.isMount)) this.#vanished();
    else this.#present(now);
    return this.#isThere;
  }

  #vanished(): void {
    if (!this.#isThere) return;
    this.#isThere = false;
    this.#gone.fire();
  }

  #present(now: Root): void {
    const isOther = !this.#isThere || (this.#known !== undefined && !isSame(this.#known, now));
    if (isOther || !this.#known || this.#known.bornNs === now.bornNs) this.#known = now;
    this.#isThere = true;
    if (isOther) this.#back.fire();
  }
}

/** Undefined when there is no folder, or none that could be looked into: a share that has hung up, a dead disk. */
async function look(root: string): Promise<Root | undefined> {
  try {
    const [own, parent] = await Promise.all([stat(root, { bigint: true }), stat(`${root}/..`, { bigint: true })]);
    if (!own.isDirectory()) return undefined;
    const { birthtimeNs: bornNs, ctimeNs: changedNs } = own;
    return { id: `${own.dev}:${own.ino}`, isMount: own.dev !== parent.dev, bornNs, changedNs };
  } catch {
    return undefined;
  }
}

/**
 * A folder deleted and made anew often gets the inode of the old one; its time of birth tells them apart. Systems that
 * do not record births give 0 for it, or the time of the last change, which tells nothing.
 */
function isSame(known: Root, now: Root): boolean {
  if (known.id !== now.id) return false;
  const hasNoBirth = (root: Root) => root.bornNs === 0n || root.bornNs === root.changedNs;
  return known.bornNs === now.bornNs || (hasNoBirth(known) && hasNoBirth(now));
}
