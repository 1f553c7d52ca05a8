import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { create } from 'tar';
import { describe, expect, it } from 'vitest';
import { packBackup, unpackBackup } from '../../../src/daemon/backup/backup-file.js';
import { temporaryFolder } from '../../support/pictures.js';
import { cyclebox, drop, outputs, project } from '../../support/project.js';

describe('a backup', () => {
  it('is made beside a daemon that works, and stands in for a state folder and a configuration that are lost', async () => {
    const root = await project();
    const daemon = cyclebox(root, 'start', '--no-dashboard');
    for (const name of ['a', 'b', 'c']) await drop(root, `day-to-night/${name}.png`);
    await daemon.heard('day-to-night/c.png');
    const backup = await cyclebox(root, 'backup', '--out', 'kept.tar.gz').ended;
    expect(backup).toMatchObject({ code: 0, err: '' });
    expect(backup.out).toMatch(/kept\.tar\.gz: \d \w+.*, the configuration, the names of \d+ plugins/);
    expect((await stat(join(root, 'kept.tar.gz'))).mode & 0o777).toBe(0o600);
    expect(await cyclebox(root, 'backup', '--out', 'kept.tar.gz').ended).toMatchObject({ code: 1 });

    const refused = await cyclebox(root, 'restore', 'kept.tar.gz').ended;
    expect(refused).toMatchObject({ code: 75 });
    expect(refused.err).toMatch(/STATE_LOCKED: .* is in use by process/);
    daemon.child.kill('SIGTERM');
    await daemon.ended;

    const written = await readFile(join(root, 'watch-config.json'), 'utf8');
    await rm(join(root, '.cyclebox'), { recursive: true });
    await rm(join(root, 'watch-config.json'));
    const restored = await cyclebox(root, 'restore', 'kept.tar.gz').ended;
    expect(restored).toMatchObject({ code: 0, err: '' });
    expect(restored.out).toMatch(/The journal is that of .*\n.*watch-config\.json was made from the backup/);
    expect(await readFile(join(root, 'watch-config.json'), 'utf8')).toBe(written);
    await drop(root, 'day-to-night/d.png');
    expect(await cyclebox(root, 'start', '--once').ended).toMatchObject({ code: 0 });
    expect(await outputs(root)).toEqual(['a', 'b', 'c', 'd'].map(name => `day-to-night/${name}.png`));
  }, 120_000);

  it('names the plugins that are not there when it is put back, and leaves another configuration as it is', async () => {
    const root = await project();
    await cyclebox(root, 'start', '--once').ended;
    await cyclebox(root, 'backup', '--out', 'kept.tar.gz').ended;
    const other = `// mine\n${await readFile(join(root, 'watch-config.json'), 'utf8')}`;
    await writeFile(join(root, 'watch-config.json'), other);
    await rm(join(root, 'plugins'), { recursive: true });
    const { out } = await cyclebox(root, 'restore', 'kept.tar.gz').ended;
    expect(out).toMatch(/is not that of the backup, and stays as it is/);
    expect(out).toMatch(/The plugin day-night 1\.0\.0 of the backup is not here/);
    expect(out).toMatch(/The one that was there is now .*journal\.sqlite\.before-restore-1/);
    expect(await readFile(join(root, 'watch-config.json'), 'utf8')).toBe(other);
  }, 120_000);

  it('that is damaged, foreign or cut off changes nothing and is named', async () => {
    const root = await temporaryFolder();
    const unpacked = (file: string) => unpackBackup(join(root, file), root);
    await expect(unpacked('nothing.tar.gz')).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
    await writeFile(join(root, 'text.tar.gz'), 'no archive');
    await expect(unpacked('text.tar.gz')).rejects.toMatchObject({ code: 'ARCHIVE_UNREADABLE' });
    await create({ gzip: true, file: join(root, 'foreign.tar.gz'), cwd: root }, ['text.tar.gz']);
    await expect(unpacked('foreign.tar.gz')).rejects.toThrow(/it holds "text\.tar\.gz"/);
    for (const name of ['journal.sqlite', 'watch-config.json']) await writeFile(join(root, name), name);
    const about = { version: '1', created: '', plugins: [] };
    await packBackup(root, ['journal.sqlite', 'watch-config.json'], join(root, 'whole.tar.gz'), about);
    await expect(unpacked('whole.tar.gz')).resolves.toMatchObject({ format: 1 });
    const bytes = await readFile(join(root, 'whole.tar.gz'));
    await writeFile(join(root, 'cut.tar.gz'), bytes.subarray(0, bytes.length / 2));
    await expect(unpacked('cut.tar.gz')).rejects.toMatchObject({ code: 'ARCHIVE_UNREADABLE' });
    const note = JSON.parse(await readFile(join(root, 'backup.json'), 'utf8'));
    note.files['journal.sqlite'] = '0'.repeat(64);
    await writeFile(join(root, 'backup.json'), JSON.stringify(note));
    const files = ['backup.json', 'journal.sqlite', 'watch-config.json'];
    await create({ gzip: true, file: join(root, 'changed.tar.gz'), cwd: root }, files);
    await expect(unpacked('changed.tar.gz')).rejects.toThrow(/journal\.sqlite is not what was backed up/);
  });
});
