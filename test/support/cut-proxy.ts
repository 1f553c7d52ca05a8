/** A way over TCP that can be cut as a network is: nothing arrives any more, and nobody is told. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface CutProxy {
  readonly port: number;
  /** From now on bytes vanish, in both directions, and connections stay as they are. */
  cut(): void;
  /** Bytes pass again; connections from before are found dead. */
  mend(): void;
  dispose(): Promise<void>;
}

/** @param port its own; default: a free one */
export async function openProxy(toPort: number, port = 0): Promise<CutProxy> {
  const sockets = new Set<Socket>();
  let isCut = false;
  const follow = (from: Socket, to: Socket) => {
    sockets.add(from);
    from.on('data', bytes => {
      if (!isCut) to.write(bytes);
    });
    from.on('close', () => {
      sockets.delete(from);
      to.destroy();
    });
    from.on('error', () => from.destroy());
  };
  const server = createServer(client => {
    // A cut network does not answer a call either.
    const up = connect(toPort, '127.0.0.1');
    follow(client, up);
    follow(up, client);
  }).listen(port, '127.0.0.1');
  await once(server, 'listening');
  const destroyAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as { readonly port: number }).port,
    cut() {
      isCut = true;
    },
    mend() {
      isCut = false;
      destroyAll();
    },
    async dispose() {
      server.close();
      destroyAll();
      await once(server, 'close').catch(() => {});
    },
  };
}
