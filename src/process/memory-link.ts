/**
 * A link within one process, for tests and for plugin authors' test kit. What crosses is written and read as JSON, as over a
 * pipe, so that what works here does not depend on shared objects; it arrives in order, never within `send`.
 */
import { CycleboxError, Emitter } from '../base/index.js';
import type { Link } from './link.js';
import { isMessage, type Message } from './protocol.js';

/** The two ends of a link. Disposing of either ends both. */
export function memoryLinks(): readonly [Link, Link] {
  const ends = [new Emitter<Message>(), new Emitter<Message>()] as const;
  const state = { isOpen: true };
  return [linkEnd(ends[0], ends[1], state), linkEnd(ends[1], ends[0], state)];
}

function linkEnd(own: Emitter<Message>, peer: Emitter<Message>, state: { isOpen: boolean }): Link {
  return {
    get isOpen() {
      return state.isOpen;
    },
    onMessage: own.event,
    onFault: () => ({ dispose() {} }),
    onEnd: () => ({ dispose() {} }),
    send(message) {
      if (!state.isOpen) throw new CycleboxError('PROTOCOL', 'the other side has ended');
      const copy: unknown = JSON.parse(JSON.stringify(message));
      queueMicrotask(() => {
        if (state.isOpen && isMessage(copy)) peer.fire(copy);
      });
    },
    dispose() {
      state.isOpen = false;
    },
  };
}
