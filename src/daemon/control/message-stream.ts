/** A channel's messages over a socket: one JSON document a line, with a limit to what one line may hold. */
import type { Socket } from 'node:net';
import { isMessage, type Message } from '../../process/index.js';

const longestLineChars = 256 * 1024 * 1024;

export interface ReceiveOptions {
  /** The longest line that is taken. */
  readonly mostChars?: number;
  /** While true, lines wait, and the socket is not read; `goOn` asks again. Default: never. */
  readonly isFull?: () => boolean;
}

/** Calls `receive` with each message; a peer that sends anything else is cut off. */
export function receiveMessages(
  socket: Socket,
  receive: (message: Message) => void,
  { mostChars = longestLineChars, isFull = () => false }: ReceiveOptions = {},
): { goOn(): void } {
  /** Lines that have come and wait: at most what one read of the socket holds. */
  const lines: string[] = [];
  let parts: string[] = [];
  let length = 0;
  let isTaking = false;
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    for (const [index, part] of chunk.split('\n').entries()) {
      if (index > 0) {
        lines.push(parts.join(''));
        parts = [];
        length = 0;
      }
      parts.push(part);
      length += part.length;
      if (length > mostChars) return void socket.destroy();
    }
    goOn();
  });
  return { goOn };

  /** May be called by what it calls. */
  function goOn(): void {
    if (isTaking) return;
    isTaking = true;
    while (lines.length > 0 && !isFull() && !socket.destroyed) take(lines.shift() as string);
    isTaking = false;
    if (lines.length > 0) socket.pause();
    else socket.resume();
  }

  function take(line: string): void {
    const message = parse(line);
    if (message) receive(message);
    else socket.destroy();
  }
}

export function sendMessage(socket: Socket, message: Message): void {
  if (!socket.destroyed) socket.write(`${JSON.stringify(message)}\n`);
}

function parse(line: string): Message | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isMessage(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
