/**
 * What has been sent to everybody lately, so that a browser that was cut off gets what it has missed. An id is the log's own word and a
 * number: of another run of the daemon, or too old, it finds nothing, and its owner needs a snapshot.
 */
import { randomBytes } from 'node:crypto';

export interface Sent {
  readonly number: number;
  /** As it goes over the line. */
  readonly frame: string;
}

export interface ReplayLimits {
  readonly mostFrames: number;
  readonly mostChars: number;
}

export class ReplayLog {
  readonly #limits: ReplayLimits;
  readonly #word = randomBytes(6).toString('base64url');
  #frames: Sent[] = [];
  #chars = 0;
  #number = 0;
  /** The last number of which the successors are all here. */
  #since = 0;

  constructor(limits: ReplayLimits) {
    this.#limits = limits;
  }

  /** The id of what was sent last. */
  get lastId(): string {
    return `${this.#word}-${this.#number}`;
  }

  /** @param write makes the frame for an id */
  add(write: (id: string) => string): string {
    this.#number++;
    const frame = write(this.lastId);
    this.#frames.push({ number: this.#number, frame });
    this.#chars += frame.length;
    while (this.#frames.length > this.#limits.mostFrames || this.#chars > this.#limits.mostChars) this.#dropOldest();
    return frame;
  }

  /** Everything after an id; undefined where that is not known any more. */
  after(id: string): readonly string[] | undefined {
    const [, word, digits] = /^([\w-]+)-(\d{1,15})$/.exec(id) ?? [];
    const number = Number(digits);
    if (word !== this.#word || number < this.#since || number > this.#number) return undefined;
    return this.#frames.filter(sent => sent.number > number).map(({ frame }) => frame);
  }

  /** Things have happened that were not sent: whoever comes back needs a snapshot. */
  forget(): void {
    this.#frames = [];
    this.#chars = 0;
    this.#number++;
    this.#since = this.#number;
  }

  #dropOldest(): void {
    const oldest = this.#frames.shift();
    if (!oldest) return;
    this.#chars -= oldest.frame.length;
    this.#since = oldest.number;
  }
}
