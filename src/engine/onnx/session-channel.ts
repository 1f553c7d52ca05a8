/**
 * Says on Node's diagnostics channel `cyclebox:onnx-session` that a session of ONNX Runtime was opened or released, so that
 * tests and debuggers can count those that are open. With nobody listening it costs nothing, and it changes no session's behaviour.
 */
import { channel } from 'node:diagnostics_channel';

export interface SessionMessage {
  readonly kind: 'opened' | 'released';
}

const sessions = channel('cyclebox:onnx-session');

/** @returns the same session, whose release is announced once it is done */
export function announceSession<S extends { release(): Promise<void> }>(session: S): S {
  const release = session.release.bind(session);
  announce('opened');
  session.release = async () => {
    await release();
    announce('released');
  };
  return session;
}

function announce(kind: SessionMessage['kind']): void {
  if (sessions.hasSubscribers) sessions.publish({ kind } satisfies SessionMessage);
}
