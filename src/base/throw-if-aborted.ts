/** Cancellation of our own loops: `signal.throwIfAborted()`, but with a coded error, which keeps its code across processes. */
import { CycleboxError } from './errors.js';

/** @throws CANCELLED with this message when the signal is aborted; without a signal nothing is ever cancelled */
export function throwIfAborted(signal: AbortSignal | undefined, message: string): void {
  if (signal?.aborted) throw new CycleboxError('CANCELLED', message, { cause: signal.reason });
}
