/**
 * The one stream of a browser. Browsers open six connections to a host at most, and tabs would use them up: the tab that holds a lock
 * listens, and passes on what it hears to the others by a BroadcastChannel. Where there are no locks (plain HTTP in a network) every tab
 * listens for itself. A tab that ends gives the lock to the next.
 */
import type { StreamEvent } from '../contract.js';
import { addressOf, ask } from './ask.js';
import { type Connection, connection } from './connection.js';
import { apply, asOfMs, currentSnapshot } from './state.js';

type Message =
  | { readonly kind: 'event'; readonly event: StreamEvent }
  | { readonly kind: 'connection'; readonly connection: Connection }
  /** A tab has come. */
  | { readonly kind: 'hello' };

const types = ['snapshot', 'jobs', 'status', 'log', 'training'] as const;
const again = { firstMs: 500, mostMs: 5000 };

const name = 'cyclebox-stream';

/** Listens as long as the page lives. */
export function openStream(): void {
  if (!('locks' in navigator) || !('BroadcastChannel' in globalThis)) {
    listen(() => {});
    return;
  }
  const channel = new BroadcastChannel(name);
  const follow = ({ data }: MessageEvent<Message>) => {
    if (data.kind === 'event') apply(data.event);
    if (data.kind === 'connection') connection.value = data.connection;
  };
  channel.addEventListener('message', follow);
  channel.postMessage({ kind: 'hello' } satisfies Message);
  void navigator.locks.request(name, () => {
    channel.removeEventListener('message', follow);
    lead(channel);
    // Held until the page ends.
    return new Promise(() => {});
  });
}

function lead(channel: BroadcastChannel): void {
  const tell = (message: Message) => channel.postMessage(message);
  channel.addEventListener('message', ({ data }: MessageEvent<Message>) => {
    const snapshot = data.kind === 'hello' ? currentSnapshot() : undefined;
    if (snapshot) tell({ kind: 'event', event: snapshot });
    if (data.kind === 'hello') tell({ kind: 'connection', connection: connection.value });
  });
  listen(tell);
}

function listen(tell: (message: Message) => void, waitMs: number = again.firstMs): void {
  const source = new EventSource(addressOf('getStream'));
  let wait = waitMs;
  const now = (next: Connection) => {
    connection.value = next;
    tell({ kind: 'connection', connection: next });
  };
  source.addEventListener('open', () => {
    wait = again.firstMs;
    now({ kind: 'live' });
  });
  for (const type of types)
    source.addEventListener(type, ({ data }: MessageEvent<string>) => {
      const event = JSON.parse(data) as StreamEvent;
      apply(event);
      tell({ kind: 'event', event });
    });
  source.addEventListener('error', () => {
    if (connection.value.kind !== 'locked') now({ kind: 'lost', asOfMs: asOfMs.value });
    // The browser tries again by itself, with the last event's id, unless it was refused.
    if (source.readyState === EventSource.CLOSED) void askWhy().then(isLocked => retry(isLocked));
  });
  const retry = (isLocked: boolean) => {
    if (isLocked) return now({ kind: 'locked' });
    setTimeout(() => listen(tell, Math.min(again.mostMs, wait * 2)), wait);
  };
}

/** An EventSource does not say why it was refused. */
async function askWhy(): Promise<boolean> {
  await ask('getStatus').catch(() => {});
  return connection.value.kind === 'locked';
}
