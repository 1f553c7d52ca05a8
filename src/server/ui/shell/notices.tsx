/** What a person should know of, over every page: the lost connection, and what the daemon says is amiss, each with what to do. Warnings stand on the overview. */
import { connection, status } from '../live/index.js';
import { Notice } from '../parts/index.js';
import { path } from '../router/index.js';
import { formatTime } from '../words/index.js';

export function Notices() {
  const state = connection.value;
  const notices = (status.value?.notices ?? []).filter(
    ({ severity }) => severity === 'error' || (severity === 'warning' && path.value === '/'),
  );
  if (state.kind !== 'lost' && notices.length === 0) return null;
  return (
    <section class="notices" aria-label="What is amiss">
      {state.kind === 'lost' && (
        <Notice
          severity="warning"
          remedy="Actions are off until it answers again, which is tried by itself. If it was stopped: cyclebox start."
        >
          The daemon does not answer.{' '}
          {state.asOfMs !== undefined && <>What is shown is as of {formatTime(state.asOfMs)}.</>}
        </Notice>
      )}
      {notices.map(({ kind, severity, message, remedy }) => (
        <Notice key={kind + message} severity={severity} remedy={remedy}>
          {message}
        </Notice>
      ))}
    </section>
  );
}
