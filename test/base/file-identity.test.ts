import { describe, expect, it } from 'vitest';
import { isSameButInode, isSameIdentity } from '../../src/base/index.js';

const hour = 3_600_000_000_000n;
/** An even second, as FAT keeps them. */
const fatTime = 1_790_000_000_000_000_000n;
const of = (mtimeNs: bigint, { inode = 1, size = 100, birth = '' } = {}) => `${inode}:${size}:${mtimeNs}${birth}`;

describe('all but the inode', () => {
  it('is the same with another inode or birth, and not with another size or time', () => {
    const file = of(fatTime + 1n, { birth: ':5' });
    expect(isSameButInode(file, of(fatTime + 1n, { inode: 2 }))).toBe(true);
    expect(isSameButInode(file, of(fatTime + 1n, { inode: 2, birth: ':6' }))).toBe(true);
    expect(isSameButInode(file, of(fatTime + 1n, { size: 101 }))).toBe(false);
    expect(isSameButInode(file, of(fatTime + 2n))).toBe(false);
    expect(isSameIdentity(file, of(fatTime + 1n, { inode: 2 }))).toBe(false);
  });

  it('is the same where FAT has cut the time to two seconds, or another offset of local time has moved it', () => {
    for (const apart of [1_999_999_999n, hour, -hour, 13n * hour, hour / 2n, hour + 1_999_999_999n])
      expect(isSameButInode(of(fatTime), of(fatTime + apart)), `${apart}`).toBe(true);
    for (const apart of [2_000_000_000n, -2_000_000_000n, hour / 3n, 27n * hour])
      expect(isSameButInode(of(fatTime), of(fatTime + apart)), `${apart}`).toBe(false);
  });

  it('is another where no time is one that FAT could keep', () => {
    expect(isSameButInode(of(fatTime + 1n), of(fatTime + 1n + hour))).toBe(false);
  });

  it('is nobody when a file is gone, or its identity was forgotten', () => {
    expect(isSameButInode(undefined, of(fatTime))).toBe(false);
    expect(isSameButInode('gone:0d9f7a52-1', of(fatTime))).toBe(false);
  });
});
