/**
 * A TIFF without everything that does not bear on its pixels: so that a decoder which is told to be strict is strict about
 * these alone, and not about unknown tags, GeoTIFF keys or counts that are not as in the specification.
 */
import { type DirectoryPlace, directoryLayout, type TiffDirectory } from './tiff-directory.js';

/** Size, layout, coding, colours and orientation, and the colour profile. */
const kept: ReadonlySet<number> = new Set([
  ...[254, 256, 257, 258, 259, 262, 266, 273, 274, 277, 278, 279, 284, 292, 293, 317, 318, 319, 320],
  ...[322, 323, 324, 325, 332, 338, 339, 347, 529, 530, 531, 532, 34_675],
]);

/** A copy whose only image is that of `directory`, with its fields in order and others left out. */
export function bareTiff(bytes: Uint8Array, { place }: TiffDirectory): Buffer {
  const { countBytes, entryBytes, offsetBytes } = directoryLayout(place.isBig);
  const copy = Buffer.from(bytes);
  const count = read(copy, place.at, countBytes, place);
  const first = place.at + countBytes;
  const entries = Array.from({ length: count }, (_, i) =>
    Buffer.from(copy.subarray(first + i * entryBytes, first + (i + 1) * entryBytes)),
  );
  const tagOf = (entry: Buffer) => read(entry, 0, 2, place);
  const left = entries.filter(entry => kept.has(tagOf(entry))).sort((a, b) => tagOf(a) - tagOf(b));
  for (const [i, entry] of left.entries()) entry.copy(copy, first + i * entryBytes);
  copy.fill(0, first + left.length * entryBytes, first + count * entryBytes + offsetBytes);
  write(copy, place.at, countBytes, left.length, place);
  write(copy, place.isBig ? 8 : 4, offsetBytes, place.at, place);
  return copy;
}

/** Of numbers of 8 bytes, the lower six: no file is larger. */
function read(bytes: Buffer, at: number, length: number, { isLittleEndian }: DirectoryPlace): number {
  const used = Math.min(length, 6);
  return isLittleEndian ? bytes.readUIntLE(at, used) : bytes.readUIntBE(at + length - used, used);
}

function write(bytes: Buffer, at: number, length: number, value: number, { isLittleEndian }: DirectoryPlace): void {
  const used = Math.min(length, 6);
  bytes.fill(0, at, at + length);
  if (isLittleEndian) bytes.writeUIntLE(value, at, used);
  else bytes.writeUIntBE(value, at + length - used, used);
}
