/**
 * Tells other programs of what happens: each thing becomes a line in the journal first and is sent from there, in order for each
 * address, until it is taken or a day has passed. So nothing is lost with a process or a network that is down.
 *
 * Addresses and secrets come from the configuration alone. At least once: a receiver tells repeats by the delivery's id.
 */
import { randomUUID } from 'node:crypto';
import { type Clock, type Disposable, DisposableStore } from '../../base/index.js';
import type { DaemonEvent, HookEvent, LiveService, TrainingRunEvent } from '../../daemon/index.js';
import type { Delivery } from '../../inbox/index.js';
import { backOffDelay } from '../../process/index.js';
import { type PostSigned, postSigned } from './post-signed.js';

export interface WebhooksOptions {
  readonly service: LiveService;
  readonly clock: Clock;
  /** Default: over the network. */
  readonly post?: PostSigned;
}

/** What is sent, as JSON. */
export interface HookBody {
  /** The same with each try. */
  readonly id: string;
  readonly event: HookEvent;
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Pauses between tries at one delivery. */
const backOff = { firstMs: 5000, maxMs: 3_600_000 };
/** What has not been taken for so long is given up. */
const giveUpAfterMs = 86_400_000;
/** A hook that is down for days is not to fill the disk. */
const mostWaiting = 10_000;

export class Webhooks implements Disposable {
  readonly #options: WebhooksOptions;
  readonly #subscriptions = new DisposableStore();
  /** Addresses that are being told something now. */
  readonly #busy = new Map<string, Promise<void>>();
  readonly #stop = new AbortController();
  #timer: Disposable | undefined;

  constructor(options: WebhooksOptions) {
    this.#options = options;
    const { service } = options;
    this.#forgetOthers();
    this.#subscriptions.add(service.onEvent(event => this.#heard(event)));
    this.#subscriptions.add(service.trainings.onEvent(event => this.#heardTraining(event)));
    this.#pump();
  }

  /** What is under way may end; the rest is told after the next start. */
  async dispose(): Promise<void> {
    await this.#subscriptions.dispose();
    void this.#timer?.dispose();
    this.#stop.abort();
    await Promise.all(this.#busy.values());
  }

  #heard(event: DaemonEvent): void {
    if (event.type === 'reloaded') this.#forgetOthers();
    if (event.type === 'done') {
      const { job, path, translation, output, ms } = event;
      this.#tell('done', { job, path, translation, output, ms: Math.round(ms) });
    }
    if (event.type === 'failed' && !event.earlier) {
      const { job, path, translation, error, quarantined } = event;
      this.#tell('failed', { job, path, translation, quarantined, code: error.code, message: error.message });
    }
    if (event.type === 'paused') this.#tell('paused', { by: event.by, reason: event.reason });
  }

  #heardTraining({ type, run }: TrainingRunEvent): void {
    if (type !== 'training-ended') return;
    const { id, pair, state, step, steps, message } = run;
    this.#tell('training-finished', { training: id, pair, state, step, steps, message });
  }

  #tell(event: HookEvent, data: HookBody['data']): void {
    const { service, clock } = this.#options;
    const hooks = service.config.webhooks.filter(({ events }) => events.includes(event));
    if (hooks.length === 0) return;
    const atMs = Math.trunc(clock.epochMs());
    const counts = service.deliveries.counts();
    for (const { url } of hooks) {
      if ((counts.get(url) ?? 0) >= mostWaiting) continue;
      const body: HookBody = { id: randomUUID(), event, atMs, data };
      service.deliveries.add(url, JSON.stringify(body), atMs);
    }
    this.#pump();
  }

  #forgetOthers(): void {
    const { service } = this.#options;
    service.deliveries.forgetOthers(service.config.webhooks.map(({ url }) => url));
  }

  /** Sends what is due, one thing at a time to each address. */
  #pump(): void {
    if (this.#stop.signal.aborted) return;
    const { service, clock } = this.#options;
    const waiting = service.deliveries.heads().filter(({ hook }) => !this.#busy.has(hook));
    const nowMs = clock.epochMs();
    for (const delivery of waiting.filter(({ dueMs }) => dueMs <= nowMs)) this.#start(delivery);
    const nextMs = Math.min(...waiting.map(({ dueMs }) => dueMs).filter(dueMs => dueMs > nowMs));
    void this.#timer?.dispose();
    this.#timer = Number.isFinite(nextMs) ? clock.after(nextMs - nowMs, () => this.#pump()) : undefined;
  }

  #start(delivery: Delivery): void {
    const sending = this.#send(delivery).finally(() => {
      this.#busy.delete(delivery.hook);
      this.#pump();
    });
    this.#busy.set(delivery.hook, sending);
    // What is thrown here is the journal's: said by whoever writes to it next.
    sending.catch(() => {});
  }

  async #send(delivery: Delivery): Promise<void> {
    const { service, clock, post = postSigned } = this.#options;
    const { sequence, hook: url, body, attempts, createdMs } = delivery;
    const hook = service.config.webhooks.find(one => one.url === url);
    if (!hook) return service.deliveries.remove(sequence);
    const { id } = JSON.parse(body) as HookBody;
    const atSeconds = Math.trunc(clock.epochMs() / 1000);
    const fault = await post({ url, body, id, secret: hook.secret, atSeconds }, this.#stop.signal);
    if (this.#stop.signal.aborted && fault !== undefined) return;
    if (fault === undefined) return service.deliveries.remove(sequence);
    const nowMs = clock.epochMs();
    if (nowMs - createdMs < giveUpAfterMs)
      return service.deliveries.postpone(sequence, nowMs + backOffDelay(attempts + 1, backOff));
    service.deliveries.remove(sequence);
    const text = `the webhook ${withoutSecrets(url)} has not taken a message for a day, which is given up: ${fault}`;
    service.log.add({ level: 'warn', text, record: { url: withoutSecrets(url) } });
  }
}

/** Addresses often carry a key of their own. */
function withoutSecrets(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname.replace(/[^/]{16,}/g, '…')}`;
}
