/** The parts that a PNG file is made of (PNG third edition, 5.3), to be added to one that an encoder has written. */
import { crc32 } from 'node:zlib';

export function pngChunk(name: string, content: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(name, 'latin1'), content]);
  const whole = Buffer.concat([Buffer.alloc(4), body, Buffer.alloc(4)]);
  whole.writeUInt32BE(content.length, 0);
  whole.writeUInt32BE(crc32(body), body.length + 4);
  return whole;
}

/** The file with `added` behind its header, and without its own chunks of the names in `replaced`. */
export function withPngChunks(
  png: Buffer,
  added: readonly Buffer[],
  replaced: ReadonlySet<string> = new Set(),
): Buffer {
  const kept = chunksOf(png).filter(({ name }) => !replaced.has(name));
  const [header, ...rest] = kept.map(({ whole }) => whole);
  return Buffer.concat([png.subarray(0, 8), header!, ...added, ...rest]);
}

function chunksOf(png: Buffer): readonly { readonly name: string; readonly whole: Buffer }[] {
  const chunks: { name: string; whole: Buffer }[] = [];
  for (let at = 8; at + 12 <= png.length; ) {
    const end = at + 12 + png.readUInt32BE(at);
    chunks.push({ name: png.toString('latin1', at + 4, at + 8), whole: png.subarray(at, end) });
    at = end;
  }
  return chunks;
}
