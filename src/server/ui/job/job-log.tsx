/** What the log says of one job. Asked for again when something of the job has changed. */
import { useEffect } from 'preact/hooks';
import { useAnswer } from '../parts/index.js';
import { formatTime } from '../words/index.js';

export function JobLog({ id, moment }: { readonly id: string; readonly moment: number }) {
  const { answer, reload } = useAnswer('getJobLog', { params: { id } });
  useEffect(() => {
    if (moment > 0) void reload();
  }, [moment]);
  if (!answer || answer.records.length === 0) return null;
  return (
    <section class="card">
      <h2>Log</h2>
      <ol class="log">
        {answer.records.map(({ sequence, atMs, level, text }) => (
          <li key={sequence} class={level}>
            <time>{formatTime(atMs)}</time>
            <span class="level">{level}</span>
            <span>{text}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}
