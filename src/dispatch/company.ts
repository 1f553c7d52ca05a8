/**
 * Who runs beside whom on one machine, and how many. What is under suspicion of bringing workers down runs alone: it waits until the
 * others have ended, and the others wait for it. Turns are first come, first served.
 */
export interface Stay {
  /** True when another was there at any time. */
  readonly accompanied: boolean;
  leave(): void;
}

interface Guest {
  accompanied: boolean;
}

interface Waiting {
  readonly alone: boolean;
  readonly enter: () => void;
}

export class Company {
  readonly #places: () => number;
  readonly #inside = new Set<Guest>();
  #waiting: readonly Waiting[] = [];
  #isAlone = false;

  /** @param places how many may be inside at a time, asked anew for each */
  constructor(places: () => number) {
    this.#places = places;
  }

  /** Resolves when there is a place; to undefined when the signal is aborted before. */
  enter(alone: boolean, signal: AbortSignal): Promise<Stay | undefined> {
    return new Promise(resolve => {
      if (signal.aborted) return resolve(undefined);
      const giveUp = () => {
        this.#waiting = this.#waiting.filter(one => one !== waiting);
        resolve(undefined);
        this.#next();
      };
      const waiting: Waiting = {
        alone,
        enter: () => {
          signal.removeEventListener('abort', giveUp);
          resolve(this.#admit(alone));
        },
      };
      signal.addEventListener('abort', giveUp, { once: true });
      this.#waiting = [...this.#waiting, waiting];
      this.#next();
    });
  }

  #admit(alone: boolean): Stay {
    const guest: Guest = { accompanied: false };
    this.#inside.add(guest);
    this.#isAlone = alone;
    if (this.#inside.size > 1) for (const one of this.#inside) one.accompanied = true;
    return {
      get accompanied() {
        return guest.accompanied;
      },
      leave: () => {
        if (!this.#inside.delete(guest)) return;
        if (alone) this.#isAlone = false;
        this.#next();
      },
    };
  }

  #next(): void {
    for (;;) {
      const [first, ...rest] = this.#waiting;
      if (!first || this.#isAlone || this.#inside.size >= this.#places()) return;
      if (first.alone && this.#inside.size > 0) return;
      this.#waiting = rest;
      first.enter();
    }
  }
}
