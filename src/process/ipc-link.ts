/**
 * Messages over the channel that Node gives a forked child, structured-cloned. For children that are ours: a child that
 * writes rubbish to this channel takes its parent down.
 */
import { CycleboxError, Emitter } from '../base/index.js';
import type { Link } from './link.js';
import { isMessage, type Message } from './protocol.js';

/** What a `ChildProcess` and a child's own `process` have in common. */
export interface IpcEnd {
  readonly connected: boolean;
  send?(message: unknown, handle: undefined, options: object, done: (error: Error | null) => void): boolean;
  on(event: 'message', listener: (message: unknown) => void): unknown;
}

export function ipcLink(end: IpcEnd, peer: string): Link {
  const messages = new Emitter<Message>();
  end.on('message', message => {
    if (isMessage(message)) messages.fire(message);
  });
  return {
    get isOpen() {
      return end.connected;
    },
    onMessage: messages.event,
    onFault: () => ({ dispose() {} }),
    onEnd: () => ({ dispose() {} }),
    send(message) {
      if (!end.send || !end.connected) throw new CycleboxError('PROTOCOL', `the ${peer} has ended`);
      // A failed write means that the peer is ending, which is seen elsewhere.
      end.send(message, undefined, {}, () => {});
    },
    dispose() {},
  };
}
