/**
 * Zip archives for tests, also ones that no honest program writes: entries may lie about names, sizes, checksums and
 * what they are. Everything in memory; stored unless asked to deflate.
 */
import { crc32, deflateRawSync } from 'node:zlib';

export interface ZipEntry {
  readonly name: string;
  readonly content?: Uint8Array | string;
  readonly deflate?: boolean;
  /** What the archive says instead of the truth. */
  readonly saysBytes?: number;
  readonly saysCrc?: number;
  /** The file's mode, such as 0o120777 for a link. */
  readonly mode?: number;
  readonly encrypted?: boolean;
}

export function zipBytes(entries: readonly ZipEntry[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const entry of entries) {
    const { local, central } = records(entry, at);
    parts.push(local);
    directory.push(central);
    at += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, central, end]);
}

function records(entry: ZipEntry, at: number): { local: Buffer; central: Buffer } {
  const { deflate = false, encrypted = false, mode = 0o100644 } = entry;
  const content = Buffer.from(entry.content ?? '');
  const stored = deflate ? deflateRawSync(content) : content;
  const name = Buffer.from(entry.name);
  const facts = Buffer.alloc(26);
  facts.writeUInt16LE(20, 0);
  facts.writeUInt16LE((encrypted ? 1 : 0) | 0x800, 2);
  facts.writeUInt16LE(deflate ? 8 : 0, 4);
  facts.writeUInt32LE(0x21_0000, 6);
  facts.writeUInt32LE(entry.saysCrc ?? crc32(content), 10);
  facts.writeUInt32LE(stored.length, 14);
  facts.writeUInt32LE(entry.saysBytes ?? content.length, 18);
  facts.writeUInt16LE(name.length, 22);
  const local = Buffer.concat([word(0x04034b50), facts, name, stored]);
  const outer = Buffer.alloc(14);
  outer.writeUInt32LE((mode * 0x10000) >>> 0, 6);
  outer.writeUInt32LE(at, 10);
  const madeBy = Buffer.from([20, 3]);
  return { local, central: Buffer.concat([word(0x02014b50), madeBy, facts, outer, name]) };
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
