/**
 * What crosses a channel between two processes: the messages, and the types that turn a plain interface of methods
 * into typed calls. A protocol is an interface `{ method(params): result }`; params and results must survive the
 * structured clone. Pixels and tensors never cross: a path to a file does.
 *
 * Every request is acknowledged when it is received, before it is worked on: a peer that owes an acknowledgement is
 * blocked, one that owes only a reply is busy.
 */
import type { ErrorData } from '../base/index.js';

/** The version of these messages, not of what is said with them. */
export const rpcVersion = 1;

/** Names what is spoken over a channel; both sides must name the same. */
export interface ProtocolName {
  readonly name: string;
  readonly version: number;
}

export type MethodOf<P> = keyof P & string;
export type ParamsOf<P, M extends keyof P> = P[M] extends (...args: infer A) => unknown ? A[0] : never;
export type ResultOf<P, M extends keyof P> = P[M] extends (...args: never[]) => infer R ? Awaited<R> : never;

/** What a handler learns besides its params. `signal` aborts when the caller cancels, times out or goes away. */
export interface CallContext {
  readonly signal: AbortSignal;
}

/** The implementation of a protocol. */
export type Handlers<P> = {
  readonly [M in keyof P]: (params: ParamsOf<P, M>, context: CallContext) => ResultOf<P, M> | Promise<ResultOf<P, M>>;
};

/** The protocol of a side that answers nothing. */
export type NoMethods = Record<never, never>;

export type Message =
  | { readonly kind: 'hello'; readonly rpc: number; readonly protocol: ProtocolName; readonly pid: number }
  | { readonly kind: 'welcome'; readonly parentPid: number }
  | { readonly kind: 'request'; readonly id: number; readonly method: string; readonly params: unknown }
  | { readonly kind: 'ack'; readonly id: number }
  | { readonly kind: 'reply'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly error: ErrorData }
  | { readonly kind: 'cancel'; readonly id: number }
  | { readonly kind: 'bye' };

const kinds: ReadonlySet<string> = new Set<Message['kind']>([
  'hello',
  'welcome',
  'request',
  'ack',
  'reply',
  'error',
  'cancel',
  'bye',
]);

/** True for objects that carry a kind this version knows; the one place where foreign messages are looked at. */
export function isMessage(value: unknown): value is Message {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return false;
  return typeof value.kind === 'string' && kinds.has(value.kind);
}
