import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../src/base/index.js';
import { quietAt, resolveSchedule, type ScheduleConfig } from '../../src/daemon/config/schedule.js';
import { loadConfig, parseConfig, startDaemon } from '../../src/daemon/index.js';
import { QuietHours } from '../../src/daemon/quiet-hours.js';
import { dayNight, drop, outputs, project } from '../support/project.js';

const berlin = (...quiet: NonNullable<Parameters<typeof resolveSchedule>[0]>['quiet']): ScheduleConfig =>
  resolveSchedule({ zone: 'Europe/Berlin', quiet })!;
const isQuiet = (schedule: ScheduleConfig, time: string) => quietAt(schedule, Date.parse(time)) !== undefined;

describe('quiet hours', () => {
  it('are those of the wall clock of their zone, from the first minute to before the last', () => {
    const office = berlin({ days: ['thu', 'fri'], from: '08:00', to: '18:00' });
    expect(isQuiet(office, '2026-11-26T06:59:59Z')).toBe(false);
    expect(isQuiet(office, '2026-11-26T07:00:00Z')).toBe(true);
    expect(isQuiet(office, '2026-11-26T16:59:59Z')).toBe(true);
    expect(isQuiet(office, '2026-11-26T17:00:00Z')).toBe(false);
    expect(isQuiet(office, '2026-11-25T12:00:00Z')).toBe(false);
    // In summer the same hour on the wall is another one of the world.
    expect(isQuiet(office, '2026-07-02T06:00:00Z')).toBe(true);
    expect(isQuiet(office, '2026-07-02T16:00:00Z')).toBe(false);
  });

  it('go over midnight into the day after the one that is named', () => {
    const night = berlin({ days: ['sat'], from: '22:00', to: '06:00' });
    expect(isQuiet(night, '2026-11-28T20:59:00Z')).toBe(false);
    expect(isQuiet(night, '2026-11-28T21:00:00Z')).toBe(true);
    expect(isQuiet(night, '2026-11-29T04:59:00Z')).toBe(true);
    expect(isQuiet(night, '2026-11-29T05:00:00Z')).toBe(false);
    expect(isQuiet(night, '2026-11-28T03:00:00Z')).toBe(false);
    expect(isQuiet(berlin({ days: ['sun'], from: '00:00', to: '24:00' }), '2026-11-29T22:59:59Z')).toBe(true);
  });

  it('leave out the hour that clocks leave out, and have the one twice that comes twice', () => {
    const early = berlin({ from: '02:15', to: '02:45' });
    const minutes = (from: string, hours: number) =>
      Array.from({ length: hours * 60 }, (_, minute) => Date.parse(from) + minute * 60_000).filter(
        at => quietAt(early, at) !== undefined,
      ).length;
    expect(minutes('2026-03-28T23:00:00Z', 5)).toBe(0);
    expect(minutes('2026-10-24T22:00:00Z', 6)).toBe(60);
    expect(minutes('2026-11-25T23:00:00Z', 5)).toBe(30);
    // One that reaches over the change ends when the wall says so.
    const night = berlin({ from: '22:00', to: '06:00' });
    expect(isQuiet(night, '2026-03-29T03:59:00Z')).toBe(true);
    expect(isQuiet(night, '2026-03-29T04:00:00Z')).toBe(false);
    expect(isQuiet(night, '2026-10-25T04:59:00Z')).toBe(true);
    expect(isQuiet(night, '2026-10-25T05:00:00Z')).toBe(false);
  });

  it('are told when they begin and end, and when they are others', () => {
    const clock = new ManualClock(Date.parse('2026-11-26T06:58:30Z'));
    const told: (string | undefined)[] = [];
    let schedule: ScheduleConfig | undefined = berlin({ from: '08:00', to: '09:00' });
    const hours = new QuietHours({ schedule: () => schedule, clock, onChange: reason => told.push(reason) });
    hours.look();
    clock.advance(89_000);
    expect(told).toEqual([]);
    clock.advance(1000);
    expect(told).toEqual(['quiet hours from 08:00 to 09:00 (Europe/Berlin)']);
    clock.advance(3_600_000);
    expect(told.slice(1)).toEqual([undefined]);
    schedule = berlin({ from: '09:00', to: '10:00' });
    hours.look();
    schedule = undefined;
    hours.look();
    expect(told.slice(2)).toEqual(['quiet hours from 09:00 to 10:00 (Europe/Berlin)', undefined]);
    hours.dispose();
  });

  it('that are written wrongly are named', () => {
    const fault = (schedule: object) => () =>
      parseConfig(JSON.stringify({ schedule, routes: [{ match: 'a', pair: 'b', to: 'c' }] }), 'f');
    expect(fault({ zone: 'Europe/Brelin', quiet: [] })).toThrow(/schedule\.zone: must be a time zone of the IANA/);
    expect(fault({ quiet: [{ from: '8:00', to: '9:00' }] })).toThrow(/schedule\.quiet\[0\]\.from: must be a time/);
    expect(fault({ quiet: [{ from: '08:00', to: '08:00' }] })).toThrow(/must be another time than "from"/);
    expect(fault({ quiet: [{ day: ['mon'], from: '08:00', to: '09:00' }] })).toThrow(/Did you mean "days"\?/);
    expect(fault({ quite: [] })).toThrow(/Did you mean "quiet"\?/);
  });

  it('let a daemon queue what arrives, say why it waits, and go on when they end', async () => {
    const schedule = { zone: 'UTC', quiet: [{ from: '08:00', to: '09:00' }] };
    const root = await project({ ...dayNight, schedule, dashboard: { enabled: false } });
    const clock = new ManualClock(Date.parse('2026-11-26T08:59:00Z'));
    await drop(root, 'day-to-night/a.png');
    const daemon = await startDaemon(await loadConfig(join(root, 'watch-config.json'), {}), { clock });
    try {
      await expect.poll(() => daemon.counts(), { timeout: 90_000 }).toMatchObject({ queued: 1 });
      const { pause } = await daemon.service.status();
      expect(pause).toMatchObject({ by: 'schedule', reason: 'quiet hours from 08:00 to 09:00 (UTC)' });
      expect(daemon.isIdle).toBe(false);
      // Whoever pauses by hand and resumes does not end them.
      await daemon.service.pause('x');
      await daemon.service.resume();
      expect((await daemon.service.status()).pause).toMatchObject({ by: 'schedule' });
      expect(await outputs(root)).toEqual([]);
      clock.advance(60_000);
      await daemon.whenIdle();
      expect(await outputs(root)).toEqual(['day-to-night/a.png']);
      expect((await daemon.service.status()).pause).toBeUndefined();
    } finally {
      await daemon.stop();
    }
  }, 120_000);
});
