/**
 * The child's side: says hello, waits for the parent's welcome, then answers its calls until told to go or orphaned.
 *
 * Signals meant for the whole group (Ctrl-C, a service manager's SIGTERM) are ignored here: the parent decides when
 * its children end, so that a running job can be finished; it ends them over the channel or by SIGKILL.
 */
import { Socket } from 'node:net';
import { CycleboxError, type Disposable, refuseDebugger } from '../base/index.js';
import { Channel } from './channel.js';
import { FrameLink } from './frame-link.js';
import { type IpcEnd, ipcLink } from './ipc-link.js';
import type { Link } from './link.js';
import { guardAgainstOrphaning } from './orphan-guard.js';
import {
  frameDescriptor,
  type Handlers,
  type NoMethods,
  type ProtocolName,
  rpcVersion,
  type Wire,
} from './protocol.js';

/** The parent as its child sees it. */
export type Parent<Remote> = Pick<Channel<Remote, never>, 'call'>;

export interface ServeOptions<Local, Remote = NoMethods> {
  readonly protocol: ProtocolName;
  /** The same as the parent's `ChildOptions.wire`. Default `ipc`. */
  readonly wire?: Wire | undefined;
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
  const link = linkToParent(options.wire);
  const channel = new Channel<Remote, Local>({ send: message => link.send(message), handlers, peer: 'parent process' });
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
    link.onMessage(message => {
      if (message.kind === 'bye') return leave(0);
      if (message.kind !== 'welcome') return channel.receive(message);
      const { onOrphaned = () => process.exit(0) } = options;
      guard = guardAgainstOrphaning({ parentPid: message.parentPid, onOrphaned });
      resolve(parent);
    });
    link.send({ kind: 'hello', rpc: rpcVersion, protocol: options.protocol, pid: process.pid });
  });
}

function linkToParent(wire: Wire | undefined): Link {
  if (wire !== 'frames') return ipcLink(process as IpcEnd, 'parent process');
  const pipe = new Socket({ fd: frameDescriptor, readable: true, writable: true });
  // As with Node's own channel: the orphan guard listens for it.
  pipe.once('close', () => process.emit('disconnect'));
  return new FrameLink(pipe, { peer: 'parent process' });
}
