/**
 * What a channel talks over: messages in, messages out, and word of its end. Two processes of one program are joined by
 * `ipc-link.ts`, one that is not trusted by `frame-link.ts`, two sides of one process by `memory-link.ts`.
 *
 * A listener only ever hears messages that `isMessage` knows.
 */
import type { CycleboxError, Disposable, Event } from '../base/index.js';
import type { Message } from './protocol.js';

export interface Link extends Disposable {
  /** False when nothing more can be sent. */
  readonly isOpen: boolean;
  readonly onMessage: Event<Message>;
  /** The peer sent what is no message; nothing more of it is heard. */
  readonly onFault: Event<CycleboxError>;
  /** Nothing more can be said, and this side did not end it. Not told of where the end of the process says it (`ipc-link.ts`). */
  readonly onEnd: Event<void>;
  /** @throws PROTOCOL when the link has ended; what the message cannot be written for */
  send(message: Message): void;
}
