/**
 * Forgetting: jobs whose file is gone or has changed, after a while. The job of a file that is there is never
 * forgotten, and none at all while the inbox may be a disk that is not mounted: its files would be done again.
 */

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { identify, inodeOf, isSameButInode, type JobState } from '../../base/index.js';
import type { Journal } from './journal.js';

/** Returns how many jobs were forgotten. @param beforeMs epoch: only those that have not changed since */
export async function forgetGone(
  journal: Journal,
  inbox: string,
  states: readonly JobState[],
  beforeMs: number,
): Promise<number> {
  if (!(await isTheInbox(journal, inbox))) return 0;
  let forgotten = 0;
  for (const jobs of journal.history.inStates(states, beforeMs)) {
    const isThere = await Promise.all(
      jobs.map(async ({ path, identity }) => {
        const now = await identify(join(inbox, path)).catch(() => identity);
        return isSameButInode(now, identity);
      }),
    );
    const gone = jobs.filter((_job, index) => !isThere[index]);
    journal.history.forget(gone.map(job => job.id));
    forgotten += gone.length;
  }
  return forgotten;
}

/** False when the folder is another than before and empty, as the place is where a disk was mounted. */
async function isTheInbox(journal: Journal, inbox: string): Promise<boolean> {
  const inode = await inodeOf(inbox).catch(() => undefined);
  if (inode === undefined) return false;
  if (journal.setting('inbox') === inode) return true;
  const entries = await readdir(inbox).catch(() => []);
  if (entries.length === 0 && journal.setting('inbox') !== undefined) return false;
  journal.set('inbox', inode);
  return true;
}
