/** A channel's messages over a socket: one JSON document a line, with a limit to what one line may hold. */
import type { Socket } from 'node:net';
import { isMessage, type Message } from '../../process/index.js';

const longestLineChars = 256 * 1024 * 1024;

/**
 * Calls `receive` with each message; a peer that sends anything else is cut off.
 * @param mostChars longest line taken
 */
export function receiveMessages(
  socket: Socket,
  receive: (message: Message) => void,
  mostChars = longestLineChars,
): void {
  let parts: string[] = [];
  let length = 0;
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    const lines = chunk.split('\n');
    for (const [index, line] of lines.entries()) {
      parts.push(line);
      length += line.length;
      if (length > mostChars) return void socket.destroy();
      if (index === lines.length - 1) return;
      const message = parse(parts.join(''));
      parts = [];
      length = 0;
      if (!message) return void socket.destroy();
      receive(message);
    }
  });
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
