/**
 * Damaged copies of a file, as chance and malice make them: bits turned, bytes replaced by telling ones, pieces cut out,
 * doubled or swapped, the end cut off. The same seed gives the same copies.
 */
import { seededRandom } from '../graph/random-values.js';

const telling = [0x00, 0x01, 0x7f, 0x80, 0xff];

export function* mutations(original: Uint8Array, count: number, seed: number): Generator<Uint8Array> {
  const random = seededRandom(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  for (let made = 0; made < count; made++) {
    let bytes: Buffer = Buffer.from(original);
    for (let change = below(4); change >= 0; change--) bytes = changed(bytes, below);
    yield bytes;
  }
}

function changed(bytes: Buffer, below: (limit: number) => number): Buffer {
  if (bytes.length === 0) return bytes;
  const at = below(bytes.length);
  const length = 1 + below(Math.min(32, bytes.length - at));
  switch (below(6)) {
    case 0:
      bytes[at] = bytes[at]! ^ (1 << below(8));
      return bytes;
    case 1:
      bytes[at] = telling[below(telling.length)]!;
      return bytes;
    case 2:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
    case 3:
      return Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
    case 4:
      bytes.copy(bytes, below(bytes.length - length + 1), at, at + length);
      return bytes;
    default:
      return bytes.subarray(0, at);
  }
}
