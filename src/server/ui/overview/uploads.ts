/**
 * Images that this page has sent into the inbox, followed until they are translated: by the path that the server gave them, which is
 * that of their job. What is sent is the page's own business; what becomes of it is told by the stream.
 */
import { signal } from '@preact/signals';
import type { JobRow } from '../contract.js';
import { ask, onJobs, Refused } from '../live/index.js';

export interface Upload {
  readonly key: number;
  readonly name: string;
  readonly route: string;
  /** Relative to the inbox; once it is there. */
  readonly path?: string;
  readonly job?: JobRow;
  /** Why it was not taken. */
  readonly problem?: string;
}

/** The latest first. */
export const uploads = signal<readonly Upload[]>([]);

const most = 24;
/** The server writes them one beside the other; more at once would only queue in the browser. */
const atOnce = 3;
const listedAtMost = 50;
let count = 0;

/** @returns when all were taken or refused */
export async function send(files: readonly File[], route: string): Promise<void> {
  const waiting = files.map(file => ({ file, key: ++count }));
  const fresh = waiting.map(({ file, key }) => ({ key, name: file.name, route })).reverse();
  uploads.value = [...fresh, ...uploads.value].slice(0, Math.max(most, files.length));
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) await sendOne(next.key, next.file, route);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}

/** Images that come with cyclebox, followed like others. */
export async function sendSamples(route: string): Promise<void> {
  const { paths } = await ask('sendSamples', { body: { route } });
  const sent = paths.map(path => ({ key: ++count, name: path.split('/').at(-1) ?? path, route, path }));
  uploads.value = [...sent.reverse(), ...uploads.value].slice(0, Math.max(most, sent.length));
  await lookUp();
}

export function clearUploads(): void {
  uploads.value = uploads.value.filter(({ job, problem }) => !problem && job?.state !== 'done');
}

/** Follows them as long as the page lives. */
export function followUploads(): void {
  onJobs(({ jobs, many }) => {
    for (const job of jobs) found(job);
    if (many) void lookUp();
  });
}

async function sendOne(key: number, file: File, route: string): Promise<void> {
  try {
    const { path } = await ask('upload', { query: { route, name: file.name }, body: file });
    change(key, { path });
    await lookUp();
  } catch (error) {
    change(key, { problem: error instanceof Refused ? error.message : String(error) });
  }
}

/** A job may have been told of before its path was known here. */
async function lookUp(): Promise<void> {
  if (!uploads.value.some(isOpen)) return;
  const { jobs } = await ask('listJobs', { query: { limit: listedAtMost } });
  for (const job of jobs) found(job);
}

function isOpen({ path, job, problem }: Upload): boolean {
  return (
    path !== undefined &&
    problem === undefined &&
    (job === undefined || !['done', 'failed', 'quarantined'].includes(job.state))
  );
}

function found(job: JobRow): void {
  const upload = uploads.value.find(({ path }) => path === job.path);
  if (upload && (upload.job?.updatedMs ?? 0) <= job.updatedMs) change(upload.key, { job });
}

function change(key: number, what: Partial<Upload>): void {
  uploads.value = uploads.value.map(upload => (upload.key === key ? { ...upload, ...what } : upload));
}
