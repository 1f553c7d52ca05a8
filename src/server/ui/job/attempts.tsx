/** Every try of a job, newest first, each with what came of it. */
import type { JobAttempt, JobDetail } from '../contract.js';
import { formatMs, formatTime, plural } from '../words/index.js';

export function Attempts({ job: { attemptList } }: { readonly job: JobDetail }) {
  return (
    <section class="card">
      <h2>Attempts</h2>
      {attemptList.length === 0 && <p class="muted">It has not been tried yet.</p>}
      <ol class="attempts" reversed>
        {attemptList.map(attempt => (
          <Attempt key={attempt.number} attempt={attempt} />
        ))}
      </ol>
    </section>
  );
}

function Attempt({
  attempt: { number, startedMs, endedMs, outcome, error, report },
}: {
  readonly attempt: JobAttempt;
}) {
  const took = endedMs === undefined ? undefined : formatMs(endedMs - startedMs);
  const how = [took, report?.device, report?.precision, report && report.tiles > 1 && plural(report.tiles, 'tile')];
  return (
    <li value={number}>
      <p>
        <span class={`outcome ${outcome ?? 'open'}`}>{outcome ?? 'under way, or its daemon ended first'}</span>
        <time class="muted">{formatTime(startedMs)}</time>
      </p>
      <p class="muted">{how.filter(Boolean).join(' · ')}</p>
      {error && (
        <p class="fault">
          <code>{error.code}</code> {error.message}
        </p>
      )}
    </li>
  );
}
