/** The filter of the list of jobs, as it stands in the address: an address shows the same jobs on every device. */
import type { JobFilter, JobRow, JobStateName } from '../contract.js';

/** What the tabs are called, and the states that they hold. */
export const tabs = [
  { key: '', title: 'All', states: undefined },
  { key: 'waiting', title: 'Waiting', states: ['queued'] },
  { key: 'running', title: 'Running', states: ['running', 'publishing'] },
  { key: 'done', title: 'Done', states: ['done'] },
  { key: 'failed', title: 'Failed', states: ['failed', 'quarantined'] },
  { key: 'cancelled', title: 'Cancelled', states: ['cancelled', 'skipped'] },
] as const satisfies readonly Tab[];

interface Tab {
  readonly key: string;
  readonly title: string;
  readonly states: readonly JobStateName[] | undefined;
}

/** Last changed within; hours. */
export const periods = [
  { key: '', title: 'Any time', hours: undefined },
  { key: '1h', title: 'Last hour', hours: 1 },
  { key: '24h', title: 'Last 24 hours', hours: 24 },
  { key: '7d', title: 'Last 7 days', hours: 168 },
] as const;

/** The moment from which a period counts moves by whole minutes, so that the same address asks for the same for a while. */
const minuteMs = 60_000;

export function filterOf(query: URLSearchParams, nowMs: number): JobFilter {
  const states = tabs.find(({ key }) => key === (query.get('state') ?? ''))?.states;
  const hours = periods.find(({ key }) => key === (query.get('period') ?? ''))?.hours;
  const text = (key: string) => (query.get(key) ? { [key]: query.get(key) ?? '' } : {});
  return {
    ...(states && { states: [...states] }),
    ...text('search'),
    ...text('translation'),
    ...text('code'),
    ...(hours !== undefined && { sinceMs: Math.floor(nowMs / minuteMs) * minuteMs - hours * 60 * minuteMs }),
  };
}

/** As the server judges it, for rows that the stream brings. */
export function fits(row: JobRow, { states, search, translation, code, sinceMs, untilMs }: JobFilter): boolean {
  if (states && !states.includes(row.state)) return false;
  if (search && !row.path.toLowerCase().includes(search.toLowerCase())) return false;
  if (translation && row.translation !== translation) return false;
  if (code && row.error?.code !== code) return false;
  return row.updatedMs >= (sinceMs ?? 0) && row.updatedMs < (untilMs ?? Number.POSITIVE_INFINITY);
}

/** The query of a job's page, so that previous and next stay within the list that it was opened from. */
export function carriedQuery(query: URLSearchParams): string {
  const kept = new URLSearchParams();
  for (const key of ['state', 'search', 'translation', 'code', 'period']) {
    const value = query.get(key);
    if (value) kept.set(key, value);
  }
  const text = kept.toString();
  return text === '' ? '' : `?${text}`;
}
