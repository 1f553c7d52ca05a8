import { execFile } from 'node:child_process';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { packageRoot } from '../../../src/base/index.js';
import { parseConfig } from '../../../src/daemon/index.js';
import { temporaryFolder } from '../../support/pictures.js';
import { cyclebox, dayNight, drop, outputs, project, writeConfig } from '../../support/project.js';

// Many processes, one after the other, on machines that have other things to do.
vi.setConfig({ testTimeout: 240_000 });

const run = (root: string, ...args: string[]) => cyclebox(root, ...args).ended;

async function json(root: string, ...args: string[]): Promise<Record<string, unknown>> {
  const { out, err } = await run(root, ...args, '--json');
  expect(err).toBe('');
  return JSON.parse(out) as Record<string, unknown>;
}

const tree = async (root: string) => (await readdir(root, { recursive: true })).sort();

describe('cyclebox init and config', () => {
  test('writes a commented configuration with its folders, never over another, and it is valid', async () => {
    const root = await temporaryFolder();
    expect(await run(root, 'init')).toMatchObject({ code: 0, err: '' });
    const text = await readFile(join(root, 'watch-config.json'), 'utf8');
    expect(text).toContain('// Folders are relative to this file');
    expect(parseConfig(text, 'it').$schema).toMatch(/watch-config\.schema\.json$/);
    expect((await tree(root)).filter(path => path.includes('satellite'))).toEqual([
      'inbox/map-to-satellite',
      'inbox/satellite-to-map',
    ]);
    expect(await run(root, 'init')).toMatchObject({ code: 1, err: expect.stringMatching(/^FILE_EXISTS: /) });
    expect(await readFile(join(root, 'watch-config.json'), 'utf8')).toBe(text);
    expect(await run(root, 'config', 'validate')).toMatchObject({ code: 0, out: expect.stringContaining('is valid') });
    const printed = JSON.parse((await run(root, 'config', 'print')).out) as object;
    expect(printed).toMatchObject({ inbox: join(root, 'inbox'), rescanMs: 60_000, afterSuccess: 'keep' });
  });

  test.each([
    [{ ...dayNight, settleMs: -1 }, /settleMs/],
    [{ ...dayNight, outbox: 'inbox/out' }, /must lie apart/],
    [{ ...dayNight, routes: [{ match: 'x/**', pair: 'day-nihgt', to: 'night' }] }, /Did you mean "day-night"/],
  ])('validate ends with 78 for %j', async (config, words) => {
    const root = await project(config);
    expect(await run(root, 'config', 'validate')).toMatchObject({ code: 78, err: expect.stringMatching(words) });
  });
});

describe.skipIf(process.platform === 'win32')('cyclebox start with a limit on open files', () => {
  test.each([100, 128])('of %i either works or says what to raise', async limit => {
    const root = await project();
    const command = `ulimit -n ${limit}; exec "${process.execPath}" "${join(packageRoot, 'dist/cli/main.js')}" start --once`;
    const { code, err } = await new Promise<{ code: number; err: string }>(resolve => {
      execFile('sh', ['-c', command], { cwd: root }, (error, _, stderr) =>
        resolve({ code: Number(error?.code ?? 0), err: stderr }),
      );
    });
    if (code === 0) expect(err).toBe('');
    else expect(err).toMatch(/^LIMIT_REACHED: EMFILE.*"ulimit -n 1024"/);
  });
});

describe('cyclebox start --dry-run', () => {
  test('says what would happen to each file, and writes nothing', async () => {
    const root = await project();
    await drop(root, 'day-to-night/a.png');
    expect((await run(root, 'start', '--once')).code).toBe(0);
    await drop(root, 'day-to-night/line\nend.png');
    await drop(root, 'lost.png');
    await drop(root, '.DS_Store', 'junk');
    const before = await tree(root);
    const { code, out } = await run(root, 'start', '--dry-run');
    expect(code).toBe(1);
    expect(out.trim().split('\n').sort()).toEqual([
      '1 to translate, 1 done, 1 failed or without a route, 0 cancelled; nothing was written',
      'day-to-night/a.png  is done: day-night/night → day-to-night/a.png',
      'day-to-night/line\\nend.png  would be translated: day-night/night',
      expect.stringMatching(/^lost\.png {2}would fail: ROUTE_NOT_FOUND/),
    ]);
    expect(await tree(root)).toEqual(before);
  });
});

describe('cyclebox status and queue', () => {
  test('ask the running daemon: pause, cancel, retry, resume', async () => {
    const root = await project();
    const { heard, child, ended } = cyclebox(root, 'start', '--verbose');
    await heard('watching');
    expect(await run(root, 'queue', 'pause', '--reason', 'moving house')).toMatchObject({ code: 0 });
    await drop(root, 'day-to-night/a.png');
    await heard('a.png seen');
    const [job] = (await json(root, 'queue', 'list'))['jobs'] as { id: string; state: string }[];
    expect(job).toMatchObject({ path: 'day-to-night/a.png', state: 'queued', translation: 'day-night/night' });
    const status = await json(root, 'status');
    expect(status).toMatchObject({
      isRunning: true,
      counts: { queued: 1 },
      pause: { by: 'user', reason: 'moving house' },
      daemon: { pid: child.pid, done: 0 },
      seeing: { mode: 'events' },
    });
    expect((await run(root, 'status')).out).toMatch(/paused .* moving house/);
    expect(await json(root, 'queue', 'cancel', 'day-to-night/a.png')).toMatchObject({ changed: 1 });
    expect((await json(root, 'status'))['counts']).toEqual({ cancelled: 1 });
    expect(await json(root, 'queue', 'retry', job!.id)).toMatchObject({ changed: 1 });
    expect((await run(root, 'queue', 'resume')).code).toBe(0);
    await heard('"output"');
    const unknown = await run(root, 'queue', 'cancel', 'nobody');
    expect(unknown).toMatchObject({ code: 1, err: expect.stringMatching(/^nobody: /) });
    child.kill('SIGTERM');
    expect((await ended).code).toBe(0);
    expect(await outputs(root)).toEqual(['day-to-night/a.png']);
  });

  test.each([
    ['is no JSON any more', '{ "state": "journal", "routes": [', 'CONFIG_INVALID'],
    ['has a key that nobody knows', JSON.stringify({ ...dayNight, state: 'journal', wrong: 1 }), 'CONFIG_INVALID'],
    ['is nested without end', `{ "state": "journal", "routes": ${'['.repeat(200_000)}`, 'CONFIG_INVALID'],
  ])('ask the running daemon also where the file %s, and tell of it', async (_, text, code) => {
    const root = await project({ ...dayNight, state: 'journal' });
    const { heard } = cyclebox(root, 'start');
    await heard('watching');
    await writeFile(join(root, 'watch-config.json'), text);
    const status = await run(root, 'status', '--json');
    expect(status).toMatchObject({ code: 0, err: expect.stringMatching(`^${code}: `) });
    expect(JSON.parse(status.out)).toMatchObject({ isRunning: true, configFault: { code } });
    expect(await run(root, 'queue', 'pause')).toMatchObject({ code: 0, err: expect.stringMatching(`^${code}: `) });
  });

  test('ask the running daemon also where the file has gone', async () => {
    const root = await project();
    const { heard } = cyclebox(root, 'start');
    await heard('watching');
    await rm(join(root, 'watch-config.json'));
    expect(await run(root, 'queue', 'list')).toMatchObject({
      code: 0,
      err: expect.stringMatching(/^CONFIG_NOT_FOUND: /),
    });
  });

  test('change the journal where none runs, and the next start goes on from there', async () => {
    const root = await project();
    await drop(root, 'day-to-night/bad.png', 'no image');
    expect((await run(root, 'start', '--once')).code).toBe(1);
    expect((await run(root, 'queue', 'list')).out).toMatch(/failed +day-to-night\/bad\.png .*IMAGE_UNSUPPORTED/);
    expect((await run(root, 'status')).out).toMatch(/no daemon is running[\s\S]*1 failed/);
    expect(await json(root, 'queue', 'retry', '--failed')).toEqual({ changed: 1, refused: [] });
    expect((await json(root, 'status'))['counts']).toEqual({ queued: 1 });
    expect((await run(root, 'queue', 'pause')).code).toBe(0);
    expect(await json(root, 'status')).toMatchObject({ isRunning: false, pause: { by: 'user' } });
    await run(root, 'queue', 'resume');
    expect((await run(root, 'start', '--once')).code).toBe(1);
  });

  test.each([
    [['queue', 'retry'], /^USAGE: .*--failed, --stale/],
    [['queue', 'retry', 'a', '--failed'], /^USAGE: /],
    [['queue', 'list', '--state', 'lost'], /^USAGE: .*Allowed choices/],
    [['queue', 'purge', '--older-than', 'long'], /^USAGE: .*12h/],
    [['queue', 'lsit'], /^USAGE: unknown command 'lsit'/],
  ])('%j ends with 2', async (args, words) => {
    const root = await temporaryFolder();
    await writeFile(join(root, 'watch-config.json'), JSON.stringify(dayNight));
    expect(await run(root, ...args)).toMatchObject({ code: 2, err: expect.stringMatching(words) });
  });

  test('end with 78 without a configuration', async () => {
    const root = await temporaryFolder();
    expect(await run(root, 'status')).toMatchObject({ code: 78, err: expect.stringMatching(/^CONFIG_NOT_FOUND/) });
    await writeConfig(root, { ...dayNight, wrong: 1 });
    expect(await run(root, 'queue', 'list')).toMatchObject({ code: 78 });
  });
});
