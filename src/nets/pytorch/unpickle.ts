/**
 * Reads pickles that come from anyone. Whatever the bytes are, the result is a value of pickle-values.ts or a coded
 * error: there is no way to name, import, construct or call anything beyond the whitelist of allowed-globals.ts.
 */
import { ByteReader } from './byte-reader.js';
import type { FileErrors } from './file-error.js';
import { opcodes, stop } from './opcodes.js';
import { PickleMachine } from './pickle-machine.js';
import type { PickleValue } from './pickle-values.js';

export interface Unpickled {
  readonly value: PickleValue;
  /** Where the next pickle may begin. */
  readonly end: number;
}

/** Reads one pickle that begins at `start`. @throws WEIGHTS_UNREADABLE, WEIGHTS_UNSAFE */
export function unpickle(bytes: Uint8Array, start: number, errors: FileErrors): Unpickled {
  const reader = new ByteReader(bytes, start, errors);
  const machine = new PickleMachine(reader);
  for (let code = reader.byte(); code !== stop; code = reader.byte()) {
    const run = opcodes.get(code);
    if (!run) throw errors.unreadable(`it has the unknown opcode 0x${code.toString(16)} at byte ${reader.at - 1}`);
    run(machine);
  }
  return { value: machine.pop(), end: reader.at };
}
