/**
 * A typed event: one emitter per kind of event, listeners called in order of subscription. A listener that throws is
 * reported to `onListenerError` and does not keep the others from hearing the event.
 */
import { type Disposable, toDisposable } from './disposable.js';

export type Listener<T> = (event: T) => void;

/** The side that listens. Dispose the result to unsubscribe. */
export type Event<T> = (listener: Listener<T>) => Disposable;

export class Emitter<T> implements Disposable {
  readonly #listeners = new Set<Listener<T>>();
  readonly #onListenerError: (error: unknown) => void;

  constructor(onListenerError: (error: unknown) => void = error => queueMicrotask(() => Promise.reject(error))) {
    this.#onListenerError = onListenerError;
  }

  readonly event: Event<T> = listener => {
    const own: Listener<T> = event => listener(event);
    this.#listeners.add(own);
    return toDisposable(() => {
      this.#listeners.delete(own);
    });
  };

  fire(event: T): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(event);
      } catch (error) {
        this.#onListenerError(error);
      }
    }
  }

  dispose(): void {
    this.#listeners.clear();
  }
}
