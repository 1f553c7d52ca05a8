/**
 * A folder as a `.tar.xz` that is the same, byte for byte, for the same files: order, owner, times and the blocks of the
 * compression are fixed. Needs GNU tar and xz where it is made; unpacking needs neither GNU nor xz of this version.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';

/** As `npm pack` dates its files: 1985-10-26, unless the builder's SOURCE_DATE_EPOCH says otherwise. */
const time = process.env.SOURCE_DATE_EPOCH ?? '499162500';

/** @param {number} level of xz, 0 to 9 @returns {{ bytes: number, sha256: string }} */
export function archive(folder, file, level) {
  const order = ['--sort=name', `--mtime=@${time}`, '--owner=0', '--group=0', '--numeric-owner', '--format=ustar'];
  const compress = `--use-compress-program=xz -${level} --threads=2 --block-size=25165824`;
  execFileSync('tar', [...order, compress, '-cf', file, '-C', dirname(folder), basename(folder)], { stdio: 'inherit' });
  const bytes = readFileSync(file);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  writeFileSync(`${file}.sha256`, `${sha256}  ${basename(file)}\n`);
  return { bytes: bytes.length, sha256 };
}
