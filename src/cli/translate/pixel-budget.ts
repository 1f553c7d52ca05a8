/**
 * How much is in memory at a time, counted in pixels: images that come in wait, first come, first served, until there is room. One
 * that is larger than all of it goes alone.
 */
export class PixelBudget {
  readonly #pixels: number;
  readonly #waiting: { readonly pixels: number; readonly start: () => void }[] = [];
  #spent = 0;

  constructor(pixels: number) {
    this.#pixels = pixels;
  }

  /** Runs `work` once there is room for so many pixels. @throws what it does */
  async spend<T>(pixels: number, work: () => Promise<T>): Promise<T> {
    await new Promise<void>(start => {
      this.#waiting.push({ pixels, start });
      this.#serve();
    });
    try {
      return await work();
    } finally {
      this.#spent -= pixels;
      this.#serve();
    }
  }

  #serve(): void {
    for (;;) {
      const [next] = this.#waiting;
      if (!next || (this.#spent > 0 && this.#spent + next.pixels > this.#pixels)) return;
      this.#waiting.shift();
      this.#spent += next.pixels;
      next.start();
    }
  }
}
