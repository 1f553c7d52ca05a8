/**
 * Whether the inbox can be watched, which Linux limits by numbers that are too small for deep folders on some systems.
 * Nothing depends on it but speed: what cannot be watched is polled.
 */
import { watch } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import type { DaemonConfig } from '../daemon/index.js';
import type { Complaint, WatchingReport } from './report.js';

/** What other programs of the same user may be watching already. */
const usedByOthers = 8192;
const recommended = 524_288;

/** @param complaints where what is amiss is added */
export async function examineWatching(config: DaemonConfig, complaints: Complaint[]): Promise<WatchingReport> {
  const [maxWatches, maxInstances, folders] = await Promise.all([
    readLimit('max_user_watches'),
    readLimit('max_user_instances'),
    countFolders(config.inbox),
  ]);
  const fault = config.polling ? undefined : watchFault(config.inbox);
  const isTight = maxWatches !== undefined && folders + usedByOthers > maxWatches;
  if (fault !== undefined) complaints.push(unwatchable(config.inbox, fault));
  else if (isTight && !config.polling) complaints.push(fewWatches(folders, maxWatches));
  return { maxWatches, maxInstances, folders, works: fault === undefined };
}

async function readLimit(name: string): Promise<number | undefined> {
  try {
    return Number(await readFile(`/proc/sys/fs/inotify/${name}`, 'utf8'));
  } catch {
    return undefined;
  }
}

async function countFolders(inbox: string): Promise<number> {
  try {
    const entries = await readdir(inbox, { recursive: true, withFileTypes: true });
    return 1 + entries.filter(entry => entry.isDirectory()).length;
  } catch {
    return 1;
  }
}

/** Undefined when the inbox can be watched, or is not there yet. */
function watchFault(inbox: string): string | undefined {
  try {
    watch(inbox).close();
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? undefined : (code ?? String(error));
  }
}

function unwatchable(inbox: string, fault: string): Complaint {
  const message = `The inbox ${inbox} cannot be watched (${fault}); it is polled instead.`;
  if (fault === 'ENOSPC')
    return { about: 'watching', blocking: false, message, remedy: raiseLimitCommand('max_user_watches') };
  if (fault === 'EMFILE')
    return { about: 'watching', blocking: false, message, remedy: 'sudo sysctl fs.inotify.max_user_instances=1024' };
  return { about: 'watching', blocking: false, message };
}

function fewWatches(folders: number, maxWatches: number): Complaint {
  const message = `The system allows each user ${maxWatches} file watches, and the inbox has ${folders} folders: if they run out, the inbox is polled.`;
  return { about: 'watching', blocking: false, message, remedy: raiseLimitCommand('max_user_watches') };
}

function raiseLimitCommand(name: string): string {
  return `sudo sysctl fs.inotify.${name}=${recommended}`;
}
