/** Tarballs written by hand, to make those that no tool makes: names that climb, links, devices, one name twice. */
import { gzipSync } from 'node:zlib';

export interface TarEntry {
  readonly path: string;
  readonly content?: string;
  /** `0` a file, `2` a symbolic link, `1` a hard one, `3` a device, `5` a folder. Default `0`. */
  readonly type?: string;
  readonly link?: string;
}

export function tarball(entries: readonly TarEntry[]): Buffer {
  const blocks = entries.flatMap(entry => {
    const content = Buffer.from(entry.content ?? '');
    const rest = (512 - (content.length % 512)) % 512;
    return [header(entry, content.length), content, Buffer.alloc(rest)];
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}

function header({ path, type = '0', link = '' }: TarEntry, size: number): Buffer {
  const block = Buffer.alloc(512);
  const octal = (value: number, length: number) => `${value.toString(8).padStart(length - 1, '0')}\0`;
  block.write(path, 0);
  block.write(octal(0o644, 8), 100);
  block.write(octal(0, 8), 108);
  block.write(octal(0, 8), 116);
  block.write(octal(size, 12), 124);
  block.write(octal(0, 12), 136);
  block.write('        ', 148);
  block.write(type, 156);
  block.write(link, 157);
  block.write('ustar\x0000', 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}
