/**
 * Waits for a state folder's lock that is held for a moment only: by a command that changes the journal, or by a
 * daemon that is just starting or stopping. A daemon that answers is not waited for.
 */
import { CycleboxError } from '../base/index.js';

const patienceMs = 5000;
const retryMs = 100;

/**
 * @param open takes the lock, or throws STATE_LOCKED
 * @param answer what a running daemon says; its answer ends the waiting
 */
export async function retryWhileLocked<T, A>(
  open: () => T | Promise<T>,
  answer: () => Promise<A | undefined>,
): Promise<{ readonly opened: T } | { readonly answered: A; readonly locked: CycleboxError }> {
  const endMs = performance.now() + patienceMs;
  for (;;) {
    try {
      return { opened: await open() };
    } catch (error) {
      if (!(error instanceof CycleboxError) || error.code !== 'STATE_LOCKED') throw error;
      const answered = await answer();
      if (answered !== undefined) return { answered, locked: error };
      if (performance.now() > endMs) throw error;
    }
    await new Promise(resolve => setTimeout(resolve, retryMs));
  }
}
