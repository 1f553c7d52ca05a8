/** The line over every page: whether the daemon runs or pauses, and whether what is shown is of now. */
import { ask, connection, isLive, status } from '../live/index.js';
import { Button, useKeys } from '../parts/index.js';
import { formatCount, formatTime } from '../words/index.js';

export function QueueState() {
  const now = status.value;
  const isPaused = now?.pause !== undefined;
  const toggle = () => (isPaused ? ask('resumeQueue', { body: {} }) : ask('pauseQueue', { body: {} }));
  useKeys({ p: () => isLive.value && void toggle() });
  return (
    <header class="queue-state">
      <Lamp />
      <span class="muted wide">{now && busy(now.counts)}</span>
      <span class="grow" />
      {(now?.pause === undefined || now.pause.by === 'user') && (
        <Button icon={isPaused ? 'play' : 'pause'} onClick={toggle} title={`${isPaused ? 'Resume' : 'Pause'}  ( p )`}>
          {isPaused ? 'Resume' : 'Pause'}
        </Button>
      )}
    </header>
  );
}

function busy(counts: Readonly<Record<string, number>>): string {
  const of = (state: string) => counts[state] ?? 0;
  const running = of('running') + of('publishing');
  if (running + of('queued') + of('settling') === 0) return 'Nothing waits';
  return `${formatCount(running)} running, ${formatCount(of('queued') + of('settling'))} waiting`;
}

const pausedWords = { user: 'Paused', environment: 'Paused by the environment', schedule: 'Quiet hours' } as const;

function Lamp() {
  const state = connection.value;
  // The stream is open before it has told anything.
  const isUnknown = state.kind === 'live' && status.value === undefined;
  if (state.kind === 'opening' || isUnknown) return <span class="lamp-line opening">Connecting…</span>;
  if (state.kind === 'lost')
    return (
      <span class="lamp-line lost">
        Disconnected{state.asOfMs !== undefined && <>, as of {formatTime(state.asOfMs)}</>}
      </span>
    );
  // It pauses the daemon as well, and says more.
  if (status.value?.inboxIsThere === false) return <span class="lamp-line lost">Inbox gone</span>;
  const pause = status.value?.pause;
  if (pause) return <span class="lamp-line paused">{pausedWords[pause.by]}</span>;
  return <span class="lamp-line live">Running</span>;
}
