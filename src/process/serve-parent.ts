/**
 * The child's side: says hello, waits for the parent's welcome, then answers its calls until told to go or orphaned.
 *
 * Signals meant for the whole group (Ctrl-C, a service manager's SIGTERM) are ignored here: the parent decides when
 * its children end, so that a running job can be finished; it ends them over the channel or by SIGKILL.
 */
import { CycleboxError, type Disposable, refuseDebugger } from '../base/index.js';
import { Channel } from './channel.js';
import { guardAgainstOrphaning } from './orphan-guard.js';
import { type Handlers, isMessage, type Message, type NoMethods, type ProtocolName, rpcVersion } from './protocol.js';

/** The parent as its child sees it. */
export type Parent<Remote> = Pick<Channel<Remote, never>, 'call'>;

export interface ServeOptions<Local, Remote = NoMethods> {
  readonly protocol: ProtocolName;
  /** A function, because the first request may come before the caller of `serveParent` goes on. */
  readonly handlers: (parent: Parent<Remote>) => Handlers<Local>;
  /** Called once before the process ends in order; the parent waits a few seconds at most. */
  readonly onClose?: (() => void | Promise<void>) | undefined;
  /** Called, perhaps more than once, when the parent is gone. It has to end the process. Default: ends it at once. */
  readonly onOrphaned?: (() => void) | undefined;
}

/** Serves the parent of this process; resolves when the parent has welcomed it. */
export function serveParent<Local, Remote = NoMethods>(options: ServeOptions<Local, Remote>): Promise<Parent<Remote>> {
  const parent: Parent<Remote> = { call: (...call) => channel.call(...call) };
  const handlers = options.handlers(parent);
  const channel = new Channel<Remote, Local>({ send: sendToParent, handlers, peer: 'parent process' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
  refuseDebugger();
  let guard: Disposable | undefined;
  const leave = (code: number) => {
    void guard?.dispose();
    channel.close(new CycleboxError('CANCELLED', 'this process is ending'));
    void Promise.resolve()
      .then(options.onClose)
      .then(() => process.exit(code))
      .catch(() => process.exit(1));
  };
  return new Promise(resolve => {
    process.on('message', (message: unknown) => {
      if (!isMessage(message)) return;
      if (message.kind === 'bye') return leave(0);
      if (message.kind !== 'welcome') return channel.receive(message);
      const { onOrphaned = () => process.exit(0) } = options;
      guard = guardAgainstOrphaning({ parentPid: message.parentPid, onOrphaned });
      resolve(parent);
    });
    sendToParent({ kind: 'hello', rpc: rpcVersion, protocol: options.protocol, pid: process.pid });
  });
}

function sendToParent(message: Message): void {
  if (!process.send || !process.connected) throw new CycleboxError('PROTOCOL', 'this process has no parent to talk to');
  process.send(message, undefined, {}, () => {
    // A failed write means that the parent has gone: the orphan guard ends this process.
  });
}
