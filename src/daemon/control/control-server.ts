/**
 * The daemon's ear for `cyclebox status` and `cyclebox queue`: a socket that only this user can open. Whoever holds
 * the state folder's lock may listen, so a socket file found there is a dead one and is removed.
 */
import { rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { CycleboxError, type Disposable } from '../../base/index.js';
import { Channel, type Handlers, type Message, type NoMethods } from '../../process/index.js';
import { controlAddresses } from './control-address.js';
import { type ControlApi, controlParams, parseParams } from './control-protocol.js';
import type { DaemonService } from './daemon-service.js';
import { receiveMessages, sendMessage } from './message-stream.js';

const longestRequestChars = 4 * 1024 * 1024;

/** Answers that a client has not read: beyond them its next requests are not looked at. */
const mostUnreadBytes = 1024 * 1024;

/** Requests of one client that are being answered at a time. */
const mostAtOnce = 16;

/** Clients at a time; a further one is sent away. */
const mostClients = 64;

/** How long answers that go out may take when the daemon ends. */
const lastAnswersMs = 1000;

export interface ServeControlOptions {
  /** A client that has not read for so long what it asked for is cut off. Default one minute. */
  readonly stalledAfterMs?: number | undefined;
}

/**
 * Listens until disposed.
 * @throws WRITE_FAILED when no socket can be made
 */
export async function serveControl(
  state: string,
  service: DaemonService,
  { stalledAfterMs = 60_000 }: ServeControlOptions = {},
): Promise<Disposable> {
  const sockets = new Set<Socket>();
  const accept = (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // One that is waited for by nobody may stay silent as long as it likes.
    socket.setTimeout(stalledAfterMs, () => void (socket.writableLength > 0 && socket.destroy()));
    serveOne(socket, handlersOf(service));
  };
  const server = await listenAtFirst(controlAddresses(state, 'listen'), accept);
  return {
    async dispose() {
      const closed = new Promise<void>(resolve => server.close(() => resolve()));
      // An answer being written goes out; a client that keeps its side open does not keep the daemon.
      for (const socket of sockets) socket.destroySoon();
      const timer = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, lastAnswersMs);
      await closed;
      clearTimeout(timer);
    },
  };
}

async function listenAtFirst(addresses: Iterable<string>, accept: (socket: Socket) => void): Promise<Server> {
  let fault: unknown;
  for (const address of addresses) {
    try {
      return await listen(address, accept);
    } catch (error) {
      fault ??= error;
    }
  }
  throw fault;
}

function listen(address: string, accept: (socket: Socket) => void): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer(accept);
    server.maxConnections = mostClients;
    server.once('error', cause => {
      const message = `the control socket ${address} could not be opened ("cyclebox status" and "queue" will not reach this daemon): ${cause.message}`;
      reject(new CycleboxError('WRITE_FAILED', message, { subject: { file: address }, cause }));
    });
    if (process.platform !== 'win32') rmSync(address, { force: true });
    // The socket is made within the call, and nobody else's from its first moment on.
    const mask = process.umask(0o177);
    server.listen(address, () => resolve(server));
    process.umask(mask);
  });
}

function serveOne(socket: Socket, handlers: Handlers<ControlApi>): void {
  let underWay = 0;
  const channel = new Channel<NoMethods, ControlApi>({
    send(message) {
      sendMessage(socket, message);
      if (message.kind !== 'reply' && message.kind !== 'error') return;
      underWay--;
      requests.goOn();
    },
    handlers,
    peer: 'command line',
  });
  const receive = (message: Message) => {
    if (message.kind === 'request') underWay++;
    channel.receive(message);
  };
  const requests = receiveMessages(socket, receive, {
    mostChars: longestRequestChars,
    isFull: () => underWay >= mostAtOnce || socket.writableLength > mostUnreadBytes,
  });
  socket.on('drain', () => requests.goOn());
  socket.on('error', () => {});
  socket.on('close', () => channel.close(new CycleboxError('CANCELLED', 'the command line has disconnected')));
}

function handlersOf(service: DaemonService): Handlers<ControlApi> {
  return {
    status: () => service.status(),
    list: params => service.list(parseParams(controlParams.list, params)),
    retry: params => service.retry(parseParams(controlParams.retry, params)),
    cancel: params => service.cancel(parseParams(controlParams.cancel, params)),
    purge: params => service.purge(parseParams(controlParams.purge, params)),
    reload: () => service.reload(),
    async pause(params) {
      await service.pause(parseParams(controlParams.pause, params).reason);
      return {};
    },
    async resume() {
      await service.resume();
      return {};
    },
  };
}
