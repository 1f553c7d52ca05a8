import { describe, expect, it } from 'vitest';
import { CycleboxError, type JobId, ManualClock } from '../../../src/base/index.js';
import { duration, ProgressLine } from '../../../src/cli/terminal/progress-line.js';

const job = 'job-1' as JobId;
const report = {
  name: 'a.png',
  width: 1,
  height: 1,
  bytes: 1,
  tiles: 1,
  decodeMs: 0,
  loadMs: 0,
  translateMs: 0,
  encodeMs: 0,
};

function terminal(remaining: () => number) {
  const clock = new ManualClock();
  let text = '';
  const line = new ProgressLine({ write: more => (text += more), remaining, clock });
  const done = () => line.event({ type: 'done', job, path: 'a', translation: 't', output: 'a', report, ms: 1 });
  const start = () => line.event({ type: 'started', job, path: 'a', attempt: 1 });
  const fail = () =>
    line.event({
      type: 'failed',
      job,
      path: 'a',
      translation: 't',
      error: new CycleboxError('IMAGE_CORRUPT', 'x'),
      quarantined: false,
      earlier: false,
    });
  // What stands in the last line of a terminal after all that was written.
  const shown = () => text.split('\n').at(-1)!.split('\u001b[2K').at(-1)!;
  return { clock, line, start, done, fail, shown, all: () => text };
}

describe('the progress line', () => {
  it('shows how far an image of several tiles has come, until it is done', () => {
    const { clock, line, start, done, shown } = terminal(() => 1);
    start();
    line.event({ type: 'progress', device: 'cpu', source: '/in/a', fraction: 0.375 });
    clock.advance(250);
    expect(shown()).toContain('a 37 %');
    done();
    clock.advance(250);
    expect(shown()).not.toContain('%');
  });

  it('shows done of all, the rate, failures and the time left', () => {
    let remaining = 10;
    const { clock, start, done, fail, shown } = terminal(() => remaining);
    start();
    for (let i = 0; i < 4; i++) {
      clock.advance(500);
      remaining--;
      done();
    }
    remaining--;
    fail();
    clock.advance(250);
    expect(shown()).toBe('5/10  2.0 images/s  1 failed  3 s left');
  });

  it('stays below what is logged, and goes when all is done', () => {
    const { clock, line, start, shown, all } = terminal(() => 3);
    start();
    clock.advance(250);
    expect(shown()).toBe('0/3');
    line.above('a line\n');
    expect(all().endsWith('\u001b[2Ka line\n0/3')).toBe(true);
    line.event({ type: 'idle' });
    expect(shown()).toBe('');
  });

  it('says durations as people do', () => {
    expect([8.2, 600, 3 * 3600 + 300].map(duration)).toEqual(['9 s', '10 min', '3 h 5 min']);
  });
});
