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

/** What a parent and its child talk over; see `ChildOptions.wire`. */
export type Wire = 'ipc' | 'frames';

/** The child's file descriptor of the pipe that frames go over. */
export const frameDescriptor = 3;

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

type Fields = Readonly<Record<string, unknown>>;

const isId = ({ id }: Fields) => Number.isSafeInteger(id);

/** What a message of each kind has to have, for those who read it. */
const checks: Readonly<Record<Message['kind'], (fields: Fields) => boolean>> = {
  hello: ({ rpc, protocol, pid }) => typeof rpc === 'number' && isProtocolName(protocol) && typeof pid === 'number',
  welcome: ({ parentPid }) => typeof parentPid === 'number',
  request: fields => isId(fields) && typeof fields['method'] === 'string',
  ack: isId,
  reply: isId,
  error: fields => isId(fields) && isErrorData(fields['error']),
  cancel: isId,
  bye: () => true,
};

/** True for what this version reads without fear; the one place where foreign messages are looked at. */
export function isMessage(value: unknown): value is Message {
  if (!isRecord(value)) return false;
  const { kind } = value;
  return typeof kind === 'string' && Object.hasOwn(checks, kind) && checks[kind as Message['kind']](value);
}

function isProtocolName(value: unknown): boolean {
  return isRecord(value) && typeof value['name'] === 'string' && typeof value['version'] === 'number';
}

function isErrorData(value: unknown): boolean {
  if (!isRecord(value) || !isRecord(value['subject'])) return false;
  return typeof value['message'] === 'string' && ['string', 'undefined'].includes(typeof value['stack']);
}

function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}
