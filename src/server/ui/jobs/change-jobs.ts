/** What can be done to many jobs at once, after a question that says how many. The server refuses if there are more by then. */
import type { JobFilter } from '../contract.js';
import { ask } from '../live/index.js';
import { confirm, say } from '../parts/index.js';
import { plural } from '../words/index.js';

export type JobActionName = 'retry' | 'cancel' | 'run-next';

const words: Readonly<Record<JobActionName, { readonly verb: string; readonly done: string; readonly text: string }>> =
  {
    retry: {
      verb: 'Retry',
      done: 'will be done again',
      text: 'Each is translated again; its attempts so far stay on record.',
    },
    cancel: {
      verb: 'Cancel',
      done: 'cancelled',
      text: 'Waiting jobs wait no longer; the work of running ones is given up.',
    },
    'run-next': { verb: 'Run next', done: 'will run before the others', text: 'They go before all others that wait.' },
  };

export async function changeJobs(action: JobActionName, ids: readonly string[]): Promise<void> {
  const { changed, refused } = await ask('changeJobs', { body: { action, which: { ids: [...ids] } } });
  tell(action, changed, refused);
}

/** @param count as it was shown */
export async function changeAll(action: JobActionName, filter: JobFilter, count: number): Promise<void> {
  const { verb, text } = words[action];
  const many = plural(count, 'job');
  const question = { title: `${verb} ${many}?`, text, action: `${verb} ${many}`, isDangerous: action === 'cancel' };
  if (!(await confirm(question))) return;
  const body = { action, which: { filter, atMost: count } };
  const { changed, refused } = await ask('changeJobs', { body });
  tell(action, changed, refused);
}

function tell(action: JobActionName, changed: number, refused: readonly { readonly why: string }[]): void {
  const { done } = words[action];
  const [first] = refused;
  if (changed > 0 || !first) say(`${plural(changed, 'job')} ${done}.`);
  if (first) say(`${plural(refused.length, 'job')} left as they are: ${first.why}`);
}
