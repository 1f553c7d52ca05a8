/** A connection may be dead and nobody has told it: at an end, nothing that goes over it is waited for without a limit. */
import { systemClock } from '../../base/index.js';

/** Resolves when `work` has ended, however it did, or after `ms`. @returns whether it has ended well by then */
export function within(ms: number, work: Promise<unknown>): Promise<boolean> {
  return new Promise(resolve => {
    const timer = systemClock.after(ms, () => resolve(false));
    const end = (isWell: boolean) => {
      void timer.dispose();
      resolve(isWell);
    };
    work.then(
      () => end(true),
      () => end(false),
    );
  });
}
