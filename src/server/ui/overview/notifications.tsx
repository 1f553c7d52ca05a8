/** Word from the browser when the queue is through, or a training has ended: only when asked for, and only while nobody looks. */
import { effect, signal } from '@preact/signals';
import { status, trainings } from '../live/index.js';
import { Button, say } from '../parts/index.js';
import { formatCount, plural } from '../words/index.js';

const key = 'cyclebox-notifications';
const isOn = signal(isAvailable() && Notification.permission === 'granted' && localStorage.getItem(key) === 'on');

export function Notifications() {
  if (!isAvailable()) return null;
  return (
    <Button isLocal icon="bell" pressed={isOn.value} onClick={toggle}>
      {isOn.value ? 'Notifies' : 'Notify me'}
    </Button>
  );
}

/** Watches as long as the page lives. */
export function startNotifications(): void {
  let wasBusy = false;
  let failedBefore = 0;
  effect(() => {
    const now = status.value;
    if (!now) return;
    const waiting = ['queued', 'running', 'publishing', 'settling'].reduce(
      (sum, state) => sum + (now.counts[state] ?? 0),
      0,
    );
    if (wasBusy && waiting === 0)
      notify('The queue is through', `${formatCount(now.done)} done, ${plural(now.failed - failedBefore, 'failure')}.`);
    if (!wasBusy) failedBefore = now.failed;
    wasBusy = waiting > 0;
  });
  const running = new Set<string>();
  effect(() => {
    for (const { id, state, message } of trainings.value.values()) {
      const isRunning = state === 'training' || state === 'preparing' || state === 'stopping';
      if (running.has(id) && !isRunning) notify(`Training ${id}: ${state}`, message ?? '');
      if (isRunning) running.add(id);
      else running.delete(id);
    }
  });
}

function isAvailable(): boolean {
  return 'Notification' in globalThis && isSecureContext;
}

async function toggle(): Promise<void> {
  const next = !isOn.value && (await Notification.requestPermission()) === 'granted';
  if (!isOn.value && !next) say('The browser does not allow it: change that in its settings for this page.');
  isOn.value = next;
  localStorage.setItem(key, next ? 'on' : 'off');
}

function notify(title: string, body: string): void {
  if (isOn.value && document.hidden) new Notification(title, { body, icon: '/icon.svg', tag: title });
}
