/**
 * Who runs beside whom on one machine. What is under suspicion of bringing workers down runs alone: it waits until the others have
 * ended, and the others wait for it. Turns are first come, first served.
 */
export interface Stay {
  /** True when another was there at any time. */
  readonly accompanied: boolean;
  leave(): void;
}

interface Guest {
  accompanied: boolean;
}

export class Company {
  readonly #inside = new Set<Guest>();
  readonly #waiting: { readonly alone: boolean; readonly enter: () => void }[] = [];
  #isAlone = false;

  enter(alone: boolean): Promise<Stay> {
    return new Promise(resolve => {
      this.#waiting.push({ alone, enter: () => resolve(this.#admit(alone)) });
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
      const [first] = this.#waiting;
      if (!first || this.#isAlone || (first.alone && this.#inside.size > 0)) return;
      this.#waiting.shift();
      first.enter();
    }
  }
}
