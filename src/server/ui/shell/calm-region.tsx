/** For those who hear the page: how the queue stands, said at most every ten seconds and only when it has changed. */
import { effect, signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { connection, status } from '../live/index.js';
import { plural } from '../words/index.js';

const everyMs = 10_000;
const said = signal('');

export function Calm() {
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = effect(() => {
      const next = sentence();
      if (next === said.peek()) return;
      timer ??= setTimeout(() => {
        timer = undefined;
        said.value = sentence();
      }, everyMs);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, []);
  return (
    <div class="unseen" aria-live="polite">
      {said.value}
    </div>
  );
}

function sentence(): string {
  if (connection.value.kind === 'lost') return 'The daemon does not answer.';
  const { counts, pause } = status.value ?? {};
  if (!counts) return '';
  const failed = (counts['failed'] ?? 0) + (counts['quarantined'] ?? 0);
  const waiting = (counts['queued'] ?? 0) + (counts['running'] ?? 0);
  return `${pause ? 'Paused. ' : ''}${plural(waiting, 'job')} to do, ${counts['done'] ?? 0} done, ${failed} failed.`;
}
