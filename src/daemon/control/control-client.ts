/**
 * The command line's side of the control socket. Where no daemon listens it says so by `undefined`, and the caller
 * opens the journal itself.
 */
import { existsSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { CycleboxError, type Disposable } from '../../base/index.js';
import { Channel, type NoMethods } from '../../process/index.js';
import { controlAddresses } from './control-address.js';
import type { ControlApi } from './control-protocol.js';
import type { DaemonService } from './daemon-service.js';
import { receiveMessages, sendMessage } from './message-stream.js';

const answerWithinMs = 60_000;

/** The service of the daemon that owns `state`; undefined when none listens. */
export async function connectControl(state: string): Promise<(DaemonService & Disposable) | undefined> {
  if (!existsSync(state)) return undefined;
  const socket = await connectFirst(controlAddresses(state, 'connect'));
  if (!socket) return undefined;
  const channel = new Channel<ControlApi, NoMethods>({
    send: message => sendMessage(socket, message),
    handlers: {},
    peer: 'daemon',
  });
  receiveMessages(socket, message => channel.receive(message));
  socket.on('error', () => {});
  socket.on('close', () => channel.close(new CycleboxError('CANCELLED', 'the daemon ended before it answered')));
  return { ...remoteService(channel), dispose: () => void socket.destroy() };
}

function remoteService(channel: Channel<ControlApi, NoMethods>): DaemonService {
  const options = { timeoutMs: answerWithinMs };
  return {
    status: () => channel.call('status', {}, options),
    list: (query = {}) => channel.call('list', query, options),
    retry: which => channel.call('retry', which, options),
    cancel: which => channel.call('cancel', which, options),
    purge: (which = {}) => channel.call('purge', which, options),
    reload: () => channel.call('reload', {}, options),
    async pause(reason) {
      await channel.call('pause', reason === undefined ? {} : { reason }, options);
    },
    async resume() {
      await channel.call('resume', {}, options);
    },
  };
}

async function connectFirst(addresses: Iterable<string>): Promise<Socket | undefined> {
  for (const address of addresses) {
    const socket = await tryConnect(address);
    if (socket) return socket;
  }
  return undefined;
}

function tryConnect(address: string): Promise<Socket | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect(address);
    socket.once('connect', () => resolve(socket));
    socket.once('error', (error: NodeJS.ErrnoException) => {
      // Nobody there, or the file of a daemon that was killed.
      if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED' || error.code === 'ENOTSOCK') resolve(undefined);
      else
        reject(
          new CycleboxError('FILE_UNREADABLE', `the daemon's socket ${address} could not be opened: ${error.message}`, {
            cause: error,
          }),
        );
    });
  });
}
