import { chmod, mkdir, open, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { makeFolder, systemClock } from '../../../src/base/index.js';
import { lockStateFolder, openJournal } from '../../../src/inbox/journal/index.js';
import { temporaryFolder } from '../../support/pictures.js';

const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

/** Opens and closes the folder as a daemon does. @returns the modes of what lay in it while it was open */
async function modesIn(state: string): Promise<Record<string, string>> {
  const lock = lockStateFolder(state);
  const { journal } = openJournal(state, systemClock);
  const modes = await Promise.all((await readdir(state)).map(async name => [name, await modeOf(join(state, name))]));
  journal.dispose();
  await lock.dispose();
  return Object.fromEntries(modes);
}

describe.skipIf(process.platform === 'win32')('the state folder', () => {
  it('is the user’s alone, with all that is in it', async () => {
    const state = join(await temporaryFolder(), 'deep/state');
    const modes = await modesIn(state);
    expect(Object.keys(modes).sort()).toEqual(
      expect.arrayContaining(['journal.sqlite', 'journal.sqlite-wal', 'lock.sqlite', 'owner.json']),
    );
    expect(new Set(Object.values(modes))).toEqual(new Set(['600']));
    expect(await modeOf(state)).toBe('700');
  });

  it('of an earlier version is closed when it is opened', async () => {
    const state = await temporaryFolder();
    await mkdir(join(state, 'moving'));
    for (const name of ['journal.sqlite', 'lock.sqlite', 'publisher-id', 'moving/a.json']) {
      await writeFile(join(state, name), '', { mode: 0o644 });
    }
    await chmod(state, 0o755);
    expect(await modesIn(state)).toMatchObject({
      'journal.sqlite': '600',
      'lock.sqlite': '600',
      'publisher-id': '600',
    });
    expect(await modeOf(join(state, 'moving/a.json'))).toBe('600');
    expect(await modeOf(state)).toBe('700');
  });

  it('keeps its hands off what is not cyclebox’s', async () => {
    const state = await temporaryFolder();
    await chmod(state, 0o755);
    await writeFile(join(state, 'thesis.tex'), '', { mode: 0o644 });
    await writeFile(join(state, '.cyclebox-thesis-00ff.tmp'), '');
    await chmod(join(state, 'thesis.tex'), 0o644);
    expect(await modesIn(state)).toMatchObject({ 'thesis.tex': '644', 'lock.sqlite': '600', 'journal.sqlite': '600' });
    expect(await modeOf(state)).toBe('755');
    expect(await readdir(state)).toContain('.cyclebox-thesis-00ff.tmp');
  });

  it('loses what writes that were killed have left', async () => {
    const state = await temporaryFolder();
    await mkdir(join(state, 'moving'));
    const left = ['.cyclebox-publisher-id-00ff.tmp', 'moving/.cyclebox-1a2b.json-00ff.tmp'];
    for (const name of left) await writeFile(join(state, name), '{"pa');
    await writeFile(join(state, 'moving/1a2b.json'), '{}');
    await modesIn(state);
    expect(await readdir(state, { recursive: true })).toEqual(expect.not.arrayContaining([left[0]]));
    expect(await readdir(join(state, 'moving'))).toEqual(['1a2b.json']);
  });
});

describe.skipIf(process.platform === 'win32')('a folder that is made', () => {
  it('is on the disk with all that were made above it, and costs nothing where it is there', async () => {
    const root = await temporaryFolder();
    const handle = await open(root);
    const sync = vi.spyOn(Object.getPrototypeOf(handle) as { sync(): Promise<void> }, 'sync');
    await handle.close();
    try {
      await makeFolder(join(root, 'a/b/c'));
      expect(sync).toHaveBeenCalledTimes(3);
      await makeFolder(join(root, 'a/b'));
      expect(sync).toHaveBeenCalledTimes(3);
    } finally {
      sync.mockRestore();
    }
  });
});
