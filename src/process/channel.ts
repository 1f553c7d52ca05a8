/**
 * Remote calls over any pair of `send` and `receive`: requests with acknowledgement, replies, errors as data,
 * cancellation and a time limit per call. Both sides may call and both may answer. It knows nothing of processes.
 *
 * Every call settles exactly once: by its reply, its error, its limit, its cancellation, or the channel's end.
 */
import {
  asCycleboxError,
  type Clock,
  CycleboxError,
  type Disposable,
  Emitter,
  type Event,
  errorFromData,
  errorToData,
  systemClock,
  toDisposable,
} from '../base/index.js';
import type { CallContext, Handlers, Message, MethodOf, ParamsOf, ResultOf } from './protocol.js';

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** The call fails with TIMED_OUT after this long. Default: no limit. */
  readonly timeoutMs?: number | undefined;
}

export interface ChannelOptions<Local> {
  readonly send: (message: Message) => void;
  /** What the peer may call. */
  readonly handlers: Handlers<Local>;
  /** The peer's name in messages: `compute worker`. */
  readonly peer: string;
  /** An acknowledgement owed for longer makes the peer unresponsive. Default 3000. */
  readonly unresponsiveAfterMs?: number | undefined;
  /** Calls of the peer that are served at a time; further ones are refused. Default: no limit. */
  readonly maxServing?: number | undefined;
  /** Told when the peer breaks the rules: answers a call twice, or one that was never made. */
  readonly onStray?: ((what: string) => void) | undefined;
  readonly clock?: Clock | undefined;
}

interface Pending {
  readonly method: string;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly cleanups: Disposable[];
  ackTimer: Disposable | undefined;
}

type AnyHandler = (params: unknown, context: CallContext) => unknown;

export class Channel<Remote, Local> {
  readonly #options: ChannelOptions<Local>;
  readonly #clock: Clock;
  readonly #pending = new Map<number, Pending>();
  readonly #serving = new Map<number, AbortController>();
  readonly #late = new Set<number>();
  /** Calls that nobody waits for any more, and whose answers may still come. */
  readonly #abandoned = new Set<number>();
  readonly #responsiveness = new Emitter<boolean>();
  #nextId = 1;
  #closedBy: CycleboxError | undefined;

  constructor(options: ChannelOptions<Local>) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** False when the peer has owed an acknowledgement for too long, true again when the last late one arrives. */
  readonly onResponsiveness: Event<boolean> = this.#responsiveness.event;

  get isResponsive(): boolean {
    return this.#late.size === 0;
  }

  /** The methods called and not yet answered, oldest first. */
  get inFlight(): readonly string[] {
    return [...this.#pending.values()].map(call => call.method);
  }

  /**
   * Calls a method of the peer.
   * @throws what the peer threw, with its code; CANCELLED, TIMED_OUT, or the reason for which the channel closed.
   */
  call<M extends MethodOf<Remote>>(
    method: M,
    params: ParamsOf<Remote, M>,
    options: CallOptions = {},
  ): Promise<ResultOf<Remote, M>> {
    return new Promise<unknown>((resolve, reject) => {
      if (this.#closedBy) return reject(this.#closedBy);
      if (options.signal?.aborted) return reject(this.#cancelled(method));
      const id = this.#nextId++;
      this.#pending.set(id, { method, resolve, reject, cleanups: [], ackTimer: undefined });
      this.#arm(id, method, options);
      this.#trySend(id, { kind: 'request', id, method, params });
    }) as Promise<ResultOf<Remote, M>>;
  }

  /** Takes a message of the peer. Messages of the handshake are not the channel's and are ignored here. */
  receive(message: Message): void {
    switch (message.kind) {
      case 'request':
        void this.#serve(message.id, message.method, message.params);
        break;
      case 'ack':
        this.#acknowledged(message.id);
        break;
      case 'reply':
        this.#answered(message.id)?.resolve(message.result);
        break;
      case 'error':
        this.#answered(message.id)?.reject(errorFromData(message.error));
        break;
      case 'cancel':
        this.#serving.get(message.id)?.abort();
        break;
      case 'hello':
      case 'welcome':
      case 'bye':
        break;
      default:
        message satisfies never;
    }
  }

  /** Ends the channel: what is pending fails with `reason`, what is being served is aborted. */
  close(reason: CycleboxError): void {
    if (this.#closedBy) return;
    this.#closedBy = reason;
    for (const id of [...this.#pending.keys()]) this.#settle(id)?.reject(reason);
    for (const controller of this.#serving.values()) controller.abort();
    this.#responsiveness.dispose();
  }

  #arm(id: number, method: string, options: CallOptions): void {
    const pending = this.#pending.get(id);
    if (!pending) return;
    const { signal, timeoutMs } = options;
    if (timeoutMs !== undefined) {
      pending.cleanups.push(this.#clock.after(timeoutMs, () => this.#abandon(id, this.#timedOut(method, timeoutMs))));
    }
    if (signal) {
      const onAbort = () => this.#abandon(id, this.#cancelled(method));
      signal.addEventListener('abort', onAbort, { once: true });
      pending.cleanups.push(toDisposable(() => signal.removeEventListener('abort', onAbort)));
    }
    pending.ackTimer = this.#clock.after(this.#options.unresponsiveAfterMs ?? 3000, () => this.#markLate(id));
  }

  #trySend(id: number, message: Message): void {
    try {
      this.#options.send(message);
    } catch (error) {
      const reason = asCycleboxError(error, {}, 'PROTOCOL');
      this.#settle(id)?.reject(reason);
    }
  }

  /** Stops waiting for an answer and asks the peer to stop working on it. A late answer is dropped. */
  #abandon(id: number, error: CycleboxError): void {
    const pending = this.#settle(id);
    if (!pending) return;
    this.#abandoned.add(id);
    try {
      this.#options.send({ kind: 'cancel', id });
    } catch {
      // The peer is gone: nothing to cancel.
    }
    pending.reject(error);
  }

  /** The call that an answer is for. An answer after a cancellation or a time limit is nobody's fault. */
  #answered(id: number): Pending | undefined {
    const pending = this.#settle(id);
    if (!pending && !this.#abandoned.delete(id)) this.#options.onStray?.(this.#strayAnswer(id));
    return pending;
  }

  #strayAnswer(id: number): string {
    const wasMade = id > 0 && id < this.#nextId;
    return wasMade ? `answered call ${id} twice` : `answered call ${id}, which was never made`;
  }

  #settle(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    if (!pending) return undefined;
    this.#pending.delete(id);
    for (const cleanup of pending.cleanups) void cleanup.dispose();
    this.#acknowledge(id, pending);
    return pending;
  }

  #acknowledged(id: number): void {
    const pending = this.#pending.get(id);
    if (pending) this.#acknowledge(id, pending);
  }

  #acknowledge(id: number, pending: Pending): void {
    void pending.ackTimer?.dispose();
    pending.ackTimer = undefined;
    if (this.#late.delete(id) && this.#late.size === 0) this.#responsiveness.fire(true);
  }

  #markLate(id: number): void {
    this.#late.add(id);
    if (this.#late.size === 1) this.#responsiveness.fire(false);
  }

  async #serve(id: number, method: string, params: unknown): Promise<void> {
    this.#answer({ kind: 'ack', id });
    const { maxServing = Number.POSITIVE_INFINITY } = this.#options;
    if (this.#serving.size >= maxServing || this.#serving.has(id)) return this.#refuse(id, maxServing);
    const controller = new AbortController();
    this.#serving.set(id, controller);
    try {
      const result = await this.#handler(method)(params, { signal: controller.signal });
      this.#answer({ kind: 'reply', id, result });
    } catch (error) {
      this.#answer({ kind: 'error', id, error: errorToData(error) });
    } finally {
      this.#serving.delete(id);
    }
  }

  #refuse(id: number, maxServing: number): void {
    const why = this.#serving.has(id) ? `call ${id} is under way` : `at most ${maxServing} calls are served at a time`;
    this.#answer({ kind: 'error', id, error: errorToData(new CycleboxError('PROTOCOL', why)) });
  }

  #handler(method: string): AnyHandler {
    const handlers = this.#options.handlers as Readonly<Record<string, AnyHandler>>;
    const handler = Object.hasOwn(handlers, method) ? handlers[method] : undefined;
    if (handler) return handler;
    throw new CycleboxError(
      'PROTOCOL',
      `no method ${JSON.stringify(method)}: known are ${Object.keys(handlers).join(', ')}`,
    );
  }

  /** An answer that cannot be cloned becomes an error; one to a peer that has gone is dropped. */
  #answer(message: Message): void {
    if (this.#closedBy) return;
    try {
      this.#options.send(message);
    } catch (error) {
      if (message.kind === 'reply') this.#answer({ kind: 'error', id: message.id, error: errorToData(error) });
    }
  }

  #cancelled(method: string): CycleboxError {
    return new CycleboxError('CANCELLED', `${method} in the ${this.#options.peer} was cancelled`);
  }

  #timedOut(method: string, timeoutMs: number): CycleboxError {
    return new CycleboxError('TIMED_OUT', `${method} in the ${this.#options.peer} took longer than ${timeoutMs} ms`);
  }
}
