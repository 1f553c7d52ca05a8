import { execFileSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/index.js';
import { lockStateFolder, openJournal } from '../../../src/inbox/journal/index.js';
import { haveSameContent } from '../../../src/inbox/publish/outbox-files.js';
import { temporaryFolder } from '../../support/pictures.js';

const makePipe = (path: string) => void execFileSync('mkfifo', [path]);

describe.skipIf(process.platform === 'win32')('a pipe in the state folder is never waited for', () => {
  it.each(['lock.sqlite', 'journal.sqlite'])('as %s: it is refused', async name => {
    const state = await temporaryFolder();
    makePipe(join(state, name));
    const open = () => {
      const lock = lockStateFolder(state);
      try {
        openJournal(state, systemClock).journal.dispose();
      } finally {
        void lock.dispose();
      }
    };
    expect(open).toThrow(/is no file: move it away/);
  });

  it('as a note of the owner: it is replaced', async () => {
    const state = await temporaryFolder();
    makePipe(join(state, 'owner.json'));
    const lock = lockStateFolder(state);
    expect(lock.previous).toBeUndefined();
    expect(await readFile(join(state, 'owner.json'), 'utf8')).toContain(`${process.pid}`);
    await lock.dispose();
  });
});

describe('the comparison of two files', () => {
  it('goes by every byte, and a pipe is like nothing', async () => {
    const root = await temporaryFolder();
    await mkdir(join(root, 'x'));
    const bytes = Buffer.alloc(600_000, 7);
    await writeFile(join(root, 'a'), bytes);
    await writeFile(join(root, 'b'), bytes);
    bytes[599_999] = 8;
    await writeFile(join(root, 'c'), bytes);
    await writeFile(join(root, 'empty'), '');
    await writeFile(join(root, 'x/empty'), '');
    const same = (a: string, b: string) => haveSameContent(join(root, a), join(root, b));
    expect(await same('a', 'b')).toBe(true);
    expect(await same('a', 'c')).toBe(false);
    expect(await same('empty', 'x/empty')).toBe(true);
    if (process.platform === 'win32') return;
    makePipe(join(root, 'pipe'));
    expect(await same('empty', 'pipe')).toBe(false);
  });
});
