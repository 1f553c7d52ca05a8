import { describe, expect, it } from 'vitest';
import { CycleboxError, type JobId, ManualClock } from '../../../src/base/index.js';
import { WritePatience } from '../../../src/cli/daemon/write-patience.js';
import type { DaemonEvent } from '../../../src/daemon/index.js';

const job = 'job' as JobId;
const error = new CycleboxError('WRITE_FAILED', 'the disk is full');
const paused = { type: 'paused', by: 'environment', reason: `${error}`, sinceMs: 0 } as const;
const retrying = { type: 'retrying', job, path: 'a.png', attempt: 1, error, delayMs: 1 } as const;
const done = { type: 'done' } as DaemonEvent;

/** What has come of it after each of the steps: milliseconds that go by, or an event. */
function endsAfter(...steps: readonly (number | DaemonEvent)[]): boolean {
  const clock = new ManualClock();
  const patience = new WritePatience(clock);
  for (const step of steps) typeof step === 'number' ? clock.advance(step) : patience.event(step);
  patience.dispose();
  return patience.isExhausted;
}

describe('"start --once" with an outbox that cannot be written', () => {
  for (const event of [paused, retrying]) {
    it(`gives up a minute after the first failure (${event.type})`, () => {
      expect(endsAfter(event, 59_999)).toBe(false);
      expect(endsAfter(event, 30_000, event, 30_000)).toBe(true);
    });
  }

  it('begins to wait anew with every image that could be written', () => {
    expect(endsAfter(retrying, 59_000, done, 59_000, retrying, 59_999)).toBe(false);
  });

  it('waits as long as it takes for what concerns no writing', () => {
    const other = { ...retrying, error: new CycleboxError('FILE_UNREADABLE', 'busy') };
    expect(endsAfter({ ...paused, by: 'user', reason: 'lunch' }, other, 3_600_000)).toBe(false);
  });
});
