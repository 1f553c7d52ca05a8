/** A program that ends in order at the first signal, and at once at the second. */
import { constants } from 'node:os';

export interface Stopping {
  readonly requested: Promise<void>;
  readonly isRequested: boolean;
  dispose(): void;
}

/** @param onFirst told the signal */
export function stopOnSignal(onFirst: (signal: string) => void): Stopping {
  // SIGHUP: the terminal or the session has gone.
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  let request: () => void = () => {};
  const requested = new Promise<void>(resolve => {
    request = resolve;
  });
  let count = 0;
  const onSignal = (signal: NodeJS.Signals) => {
    if (++count > 1) process.exit(128 + constants.signals[signal]);
    onFirst(signal);
    request();
  };
  for (const signal of signals) process.on(signal, onSignal);
  return {
    requested,
    get isRequested() {
      return count > 0;
    },
    dispose() {
      for (const signal of signals) process.off(signal, onSignal);
    },
  };
}
