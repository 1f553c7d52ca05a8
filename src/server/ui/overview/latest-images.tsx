/** What was translated last, as pictures; new ones come in front. */
import { useEffect, useState } from 'preact/hooks';
import type { JobRow } from '../contract.js';
import { onJobs, status } from '../live/index.js';
import { Thumbnail, useAnswer } from '../parts/index.js';
import { formatAge, nowMs, splitPath, translationName } from '../words/index.js';

const shown = 12;

export function LatestImages() {
  const { answer } = useAnswer('listJobs', { query: { states: ['done'], limit: shown } });
  const rows = useLatest(answer?.jobs);
  if (rows.length === 0) return null;
  return (
    <section class="card">
      <div class="card-head">
        <h2>Latest</h2>
        <a href="/jobs?state=done">All that are done</a>
      </div>
      <ul class="latest">
        {rows.map(row => (
          <li key={row.id}>
            <a href={`/jobs/${row.id}?state=done`}>
              <span class="couple">
                <Thumbnail id={row.id} of="source" />
                <Thumbnail id={row.id} of="output" />
              </span>
              <span class="name">{splitPath(row.path).name}</span>
              <span class="muted">
                {translationName(row.translation, status.value?.routes)} · {formatAge(row.updatedMs, nowMs.value)}
              </span>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Those that were asked for, and those that the stream tells of. */
function useLatest(asked: readonly JobRow[] | undefined): readonly JobRow[] {
  const [rows, setRows] = useState<readonly JobRow[]>([]);
  useEffect(() => {
    if (asked) setRows(asked);
  }, [asked]);
  useEffect(
    () =>
      onJobs(({ jobs }) => {
        const changed = new Set(jobs.map(({ id }) => id));
        const done = jobs.filter(({ state }) => state === 'done').reverse();
        setRows(old => [...done, ...old.filter(({ id }) => !changed.has(id))].slice(0, shown));
      }),
    [],
  );
  return rows;
}
