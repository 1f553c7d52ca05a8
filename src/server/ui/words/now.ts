/** The time as a signal, for ages: it moves once a second, and not while nobody looks. */
import { signal } from '@preact/signals';

export const nowMs = signal(Date.now());

const everyMs = 1000;

export function startClock(): void {
  setInterval(() => {
    if (!document.hidden) nowMs.value = Date.now();
  }, everyMs);
}
