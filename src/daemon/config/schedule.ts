/**
 * Quiet hours: windows of the week in which nothing is translated. They are told by the clock on the wall of their zone, at the
 * moment that is asked about, so that they begin and end at the same hour the year round: an hour that is left out when clocks go
 * forward is no part of them, one that comes twice is part of them twice.
 */
import { z } from 'zod';

export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof weekdays)[number];

const time = (pattern: RegExp, latest: string) =>
  z.string().regex(pattern, `must be a time from 00:00 to ${latest}, such as "08:30"`);

const quietWindow = z
  .strictObject({
    days: z
      .array(z.enum(weekdays))
      .min(1, 'must name at least one day')
      .optional()
      .describe('The days on which it begins: "mon" to "sun". Default: all.'),
    from: time(/^([01]\d|2[0-3]):[0-5]\d$/, '23:59').describe('When it begins, such as "08:00".'),
    to: time(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, '24:00').describe(
      'When it ends, such as "18:00"; earlier than "from": on the next day.',
    ),
  })
  .refine(({ from, to }) => from !== to, {
    path: ['to'],
    error: 'must be another time than "from"; a whole day is "00:00" to "24:00"',
  });

export const scheduleSchema = z
  .strictObject({
    zone: z
      .string()
      .refine(isZone, 'must be a time zone of the IANA database, such as "Europe/Berlin"')
      .optional()
      .describe('The time zone of the windows, such as "Europe/Berlin". Default: that of the machine.'),
    quiet: z.array(quietWindow).max(100).describe('Windows in which nothing is translated.'),
  })
  .describe('When nothing is translated; what arrives is queued. Default: never.');

export interface QuietWindow {
  readonly days: readonly Weekday[];
  /** `08:00` */
  readonly from: string;
  readonly to: string;
}

export interface ScheduleConfig {
  readonly zone: string;
  readonly quiet: readonly QuietWindow[];
}

export function resolveSchedule(given: z.infer<typeof scheduleSchema> | undefined): ScheduleConfig | undefined {
  if (given === undefined) return undefined;
  const { zone = new Intl.DateTimeFormat().resolvedOptions().timeZone, quiet } = given;
  return { zone, quiet: quiet.map(({ days = weekdays, from, to }) => ({ days, from, to })) };
}

/** The window that a moment lies in, the first that does; undefined: none. @param epochMs milliseconds since 1970 */
export function quietAt({ zone, quiet }: ScheduleConfig, epochMs: number): QuietWindow | undefined {
  const { day, time } = onTheWall(zone, epochMs);
  const before = weekdays[(weekdays.indexOf(day) + 6) % 7]!;
  return quiet.find(({ days, from, to }) => {
    if (from < to) return days.includes(day) && from <= time && time < to;
    return (days.includes(day) && from <= time) || (days.includes(before) && time < to);
  });
}

/** @returns `time` as `08:00` */
function onTheWall(zone: string, epochMs: number): { readonly day: Weekday; readonly time: string } {
  const form = { timeZone: zone, weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
  const parts = new Intl.DateTimeFormat('en-GB', form).formatToParts(epochMs);
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.find(one => one.type === type)?.value ?? '';
  return { day: part('weekday').toLowerCase().slice(0, 3) as Weekday, time: `${part('hour')}:${part('minute')}` };
}

function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en-GB', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}
