import { describe, expect, it } from 'vitest';
import { CycleboxError, type JobId } from '../../../src/base/index.js';
import { openDaemonLog } from '../../../src/cli/daemon/daemon-log.js';
import { type LogLevel, logLevel } from '../../../src/cli/daemon/log-level.js';
import { type DaemonEvent, resolveConfig } from '../../../src/daemon/index.js';

const job = 'job-1' as JobId;
const report = {
  name: 'a.png',
  width: 64,
  height: 48,
  bytes: 999,
  tiles: 4,
  decodeMs: 1,
  loadMs: 0,
  translateMs: 2,
  encodeMs: 3,
};
const events: DaemonEvent[] = [
  { type: 'seen', job, path: 'x/a.png', translation: 'day-night/night' },
  { type: 'started', job, path: 'x/a.png', attempt: 1 },
  { type: 'done', job, path: 'x/a.png', translation: 'day-night/night', output: 'x/a (2).png', report, ms: 12.4 },
  {
    type: 'failed',
    job,
    path: 'x/b.png',
    translation: 'day-night/night',
    error: new CycleboxError('IMAGE_CORRUPT', 'it is cut'),
    quarantined: false,
    earlier: true,
  },
  { type: 'idle' },
];

function logged(isTerminal: boolean, level?: LogLevel): string[] {
  const lines: string[] = [];
  const config = resolveConfig({ outbox: '/out', routes: [{ match: 'x/**', pair: 'day-night', to: 'night' }] }, '/');
  const target = { isTerminal, write: (text: string) => lines.push(text) };
  const log = openDaemonLog(config, { ...(level && { level }), target });
  for (const event of events) log.event(event);
  log.workerOutput({ stream: 'stderr', text: 'a native library speaks' });
  log.finished([]);
  return lines.map(line => line.trimEnd());
}

describe('the log of the daemon', () => {
  it('is JSON, a record a job, where no terminal reads it', () => {
    const records = logged(false).map(line => JSON.parse(line) as Record<string, unknown>);
    expect(records).toMatchObject([
      { level: 30, job, path: 'x/a.png', output: '/out/x/a (2).png', translation: 'day-night/night', ms: 12, tiles: 4 },
      { level: 50, job, path: 'x/b.png', code: 'IMAGE_CORRUPT' },
      { level: 30, done: 1, failed: 0 },
    ]);
  });

  it('is a readable line a job on a terminal', () => {
    const lines = logged(true);
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(
      /^\d\d:\d\d:\d\d {2}x\/a\.png → \/out\/x\/a \(2\)\.png {2}day-night\/night 64×48 in 4 tiles 12 ms$/,
    );
    expect(lines[1]).toMatch(/error x\/b\.png failed earlier {2}IMAGE_CORRUPT: it is cut$/);
    expect(lines[2]).toMatch(/1 done, 0 failed$/);
  });

  it('says every step and what workers print at the level debug, and nothing at silent', () => {
    const records = logged(false, 'debug').map(line => JSON.parse(line) as Record<string, unknown>);
    const debugged = records.filter(({ level }) => level === 20);
    expect(debugged).toMatchObject([
      { type: 'seen', path: 'x/a.png', msg: 'x/a.png seen' },
      { type: 'started', path: 'x/a.png', attempt: 1 },
      { stream: 'stderr', msg: 'worker: a native library speaks' },
    ]);
    expect(records).toHaveLength(debugged.length + logged(false).length);
    expect(logged(true, 'debug')[0]).toMatch(/ debug x\/a\.png seen$/);
    expect(logged(false, 'silent')).toEqual([]);
  });
});

describe('the level of the log', () => {
  it('is info, unless the option or the environment asks for another', () => {
    expect(logLevel({}, {})).toBe('info');
    expect(logLevel({}, { CYCLEBOX_LOG: '' })).toBe('info');
    expect(logLevel({}, { CYCLEBOX_LOG: 'Warn' })).toBe('warn');
    expect(logLevel({ verbose: true }, { CYCLEBOX_LOG: 'error' })).toBe('debug');
  });

  it('is refused when nobody knows it', () => {
    expect(() => logLevel({}, { CYCLEBOX_LOG: 'debgu' })).toThrow(/CYCLEBOX_LOG is "debgu".*Did you mean "debug"\?/);
  });
});
