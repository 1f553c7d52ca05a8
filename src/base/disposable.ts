/**
 * Lifetimes: whatever opens something returns something to close it. Disposal is idempotent and may be asynchronous;
 * a store closes its members in reverse order of their adding, and closes all of them even when one throws.
 */

export interface Disposable {
  dispose(): void | Promise<void>;
}

/** A disposable from a function, which is called at most once. */
export function toDisposable(close: () => void | Promise<void>): Disposable {
  let result: void | Promise<void> | undefined;
  let closed = false;
  return {
    dispose() {
      if (!closed) {
        closed = true;
        result = close();
      }
      return result;
    },
  };
}

export class DisposableStore implements Disposable {
  readonly #members: Disposable[] = [];
  #closing: Promise<void> | undefined;

  get isDisposed(): boolean {
    return this.#closing !== undefined;
  }

  /** Takes ownership of `member` and returns it. Adding to a store that is closed closes the member at once. */
  add<T extends Disposable>(member: T): T {
    if (this.#closing) void member.dispose();
    else this.#members.push(member);
    return member;
  }

  /** @throws AggregateError when more than one member failed to close; the error itself when one did. */
  dispose(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const failures: unknown[] = [];
    for (const member of this.#members.splice(0).reverse()) {
      try {
        await member.dispose();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length === 1) throw failures[0];
    if (failures.length > 1) throw new AggregateError(failures, 'several disposables failed to close');
  }
}
