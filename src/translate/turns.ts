/**
 * Whose turn it is in a network: first come, first served. Most work has the network to itself; work for one of its lanes goes on
 * beside others of its kind, as many as there are lanes. That which meets nobody else has the network to itself, too.
 */

/** Work for a lane. @param hasCompany false: it has the network to itself */
export type LaneWork<T> = (hasCompany: boolean) => Promise<T>;

interface Waiting {
  readonly isShared: boolean;
  readonly start: (hasCompany: boolean) => void;
}

export class Turns {
  readonly #lanes: number;
  readonly #begin: () => void;
  readonly #waiting: Waiting[] = [];
  /** Called when nothing runs and nothing waits. */
  readonly #whenIdle: (() => void)[] = [];
  #inLanes = 0;
  #isTaken = false;

  /**
   * @param lanes how much work goes on at a time
   * @param begin called when a turn has come: what it throws is what comes of the turn
   */
  constructor(lanes: number, begin: () => void = () => {}) {
    this.#lanes = lanes;
    this.#begin = begin;
  }

  /** @throws what the work does */
  alone<T>(work: () => Promise<T>): Promise<T> {
    return this.#turn(false, work);
  }

  /** @throws what the work does */
  beside<T>(work: LaneWork<T>): Promise<T> {
    return this.#turn(this.#lanes > 1, work);
  }

  /** When whatever has come so far has had its turn. */
  idle(): Promise<void> {
    if (this.#isIdle) return Promise.resolve();
    return new Promise(resolve => this.#whenIdle.push(resolve));
  }

  async #turn<T>(isShared: boolean, work: LaneWork<T>): Promise<T> {
    const hasCompany = await new Promise<boolean>(start => {
      this.#waiting.push({ isShared, start });
      this.#serve();
    });
    try {
      this.#begin();
      return await work(hasCompany);
    } finally {
      if (hasCompany) this.#inLanes--;
      else this.#isTaken = false;
      this.#serve();
    }
  }

  #serve(): void {
    while (this.#waiting.length > 0 && this.#startNext());
    if (this.#isIdle) for (const resolve of this.#whenIdle.splice(0)) resolve();
  }

  /** @returns whether there was room for it */
  #startNext(): boolean {
    const [next, after] = this.#waiting;
    const hasCompany = next!.isShared && (this.#inLanes > 0 || after?.isShared === true);
    if (this.#isTaken || this.#inLanes >= (hasCompany ? this.#lanes : 1)) return false;
    this.#waiting.shift();
    if (hasCompany) this.#inLanes++;
    else this.#isTaken = true;
    next!.start(hasCompany);
    return true;
  }

  get #isIdle(): boolean {
    return !this.#isTaken && this.#inLanes === 0 && this.#waiting.length === 0;
  }
}
