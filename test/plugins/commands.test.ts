/** What people do with plugins with code on the command line, in projects of their own. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import sharp from 'sharp';
import { describe, expect, it, vi } from 'vitest';
import { askOnTerminal, bisect } from '../../src/cli/plugins/replay-job.js';
import { temporaryFolder } from '../support/pictures.js';
import { cyclebox, dayNight, drop, project } from '../support/project.js';

const sepia = {
  code: `export function activate(context) {
    context.registerPostprocessor('brighter', picture => ({ ...picture, rgb: picture.rgb.map(v => v + 5) }));
    context.registerPostprocessor('darker', picture => ({ ...picture, rgb: picture.rgb.map(v => v / 2) }));
    context.registerPostprocessor('brightest', picture => ({ ...picture, rgb: picture.rgb.map(v => v + 9) }));
    context.registerPostprocessor('spoiler', () => { throw new Error('out of paint'); });
    context.registerCommand('sepia.count', words => ({ words: words.length }));
  }`,
  contributes: {
    postprocessors: [{ id: 'brighter' }, { id: 'darker' }, { id: 'brightest' }, { id: 'spoiler' }],
    commands: [{ command: 'sepia.count', title: 'Count words' }],
  },
};

async function withSepia(postprocessors: readonly string[]): Promise<string> {
  const root = await project({
    ...dayNight,
    routes: [{ match: '**', pair: 'day-night', to: 'night', postprocessors: [...postprocessors] }],
  });
  const folder = join(root, 'plugins', 'sepia');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'index.mjs'), sepia.code);
  const { contributes } = sepia;
  const manifest = { name: 'sepia', version: '1.0.0', engines: { cyclebox: '^1.0.0' }, main: 'index.mjs', contributes };
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
  return root;
}

const grey = () =>
  sharp({ create: { width: 8, height: 6, channels: 3, background: '#646464' } })
    .png()
    .toBuffer();

describe('a plugin with code on the command line', () => {
  it('runs its commands, and has its part in translate', async () => {
    const root = await withSepia([]);
    const counted = await cyclebox(root, 'plugins', 'run', 'sepia.count', 'one', 'two').ended;
    expect(JSON.parse(counted.out)).toEqual({ words: 2 });
    await writeFile(join(root, 'grey.png'), await grey());
    const args = ['--plugins', 'plugins', '--pair', 'day-night', '--to', 'night', '--postprocess', 'brighter'];
    const translated = await cyclebox(root, 'translate', 'grey.png', ...args).ended;
    expect(translated).toMatchObject({ code: 0, err: '' });
    expect((await sharp(join(root, 'translated/grey.png')).raw().toBuffer())[0]).toBe(160);
  });

  it('is found as the one that fails: a job is replayed step by step, and bisected', async () => {
    const root = await withSepia(['brighter', 'spoiler']);
    await drop(root, 'a.png', await grey());
    expect((await cyclebox(root, 'start', '--once').ended).code).toBe(1);
    const replayed = await cyclebox(root, 'replay', 'a.png', '--out', 'again').ended;
    expect(replayed.code).toBe(1);
    expect(replayed.err).toMatch(/PLUGIN_FAILED.*"spoiler" on a\.png: out of paint/);
    expect((await readdir(join(root, 'again'))).sort()).toEqual([
      '1-decoded.png',
      '2-translated.png',
      '3-postprocessor-brighter.png',
    ]);
    const found = await cyclebox(root, 'plugins', 'bisect', 'a.png', '--test', 'true').ended;
    expect(found.out).toBe('spoiler is what spoils a.png.\n');
  });

  it('is found by a person, too, who is shown a picture at a time and says which is spoilt', async () => {
    const root = await withSepia(['brighter', 'darker', 'brightest']);
    await drop(root, 'a.png', await grey());
    expect((await cyclebox(root, 'start', '--once').ended).code).toBe(0);
    const asked: string[] = [];
    const written = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    const ask = async (question: string) => {
      asked.push(question.split(':')[0]!);
      const [, picture = ''] = /: (\S+)\nIs it spoilt\? \[y\/n\] $/.exec(question) ?? [];
      return (
        (
          await sharp(await readFile(picture))
            .raw()
            .toBuffer()
        )[0]! < 100
      );
    };
    const code = await bisect('a.png', { config: join(root, 'watch-config.json'), ask });
    const said = written.mock.calls.map(([text]) => text).join('');
    written.mockRestore();
    expect({ code, said }).toEqual({ code: 0, said: 'darker is what spoils a.png.\n' });
    expect(asked).toEqual([
      'with no plugin',
      'with brighter, darker, brightest',
      'with brighter',
      'with brighter, darker',
    ]);
    const input = Object.assign(new PassThrough(), { isTTY: true }) as unknown as NodeJS.ReadStream;
    const answer = askOnTerminal('Is it spoilt? ', input, new PassThrough());
    (input as unknown as PassThrough).write('yes\n');
    expect(await answer).toBe(true);
    input.isTTY = false;
    await expect(askOnTerminal('Is it spoilt? ', input)).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('lets a debugger in where that is asked for, says where, and that it has no permissions then', async () => {
    const root = await withSepia([]);
    const folder = join(root, 'plugins', 'open');
    await mkdir(folder);
    const code = `import { readdirSync } from 'node:fs';
      export const activate = context => context.log.info('sees ' + readdirSync(context.plugin.folder + '/../..').includes('watch-config.json'));`;
    await writeFile(join(folder, 'index.mjs'), code);
    const manifest = {
      name: 'open',
      version: '1.0.0',
      engines: { cyclebox: '^1.0.0' },
      main: 'index.mjs',
      contributes: {},
    };
    await writeFile(
      join(folder, 'package.json'),
      JSON.stringify({ ...manifest, activationEvents: ['onStartupFinished'] }),
    );
    const inspected = cyclebox(root, 'start', '--no-dashboard', '--inspect-plugin', 'open');
    await inspected.heard('open: sees true');
    inspected.child.kill('SIGTERM');
    const { out, err } = await inspected.ended;
    const words =
      /a debugger can be attached to open at ws:\/\/127\.0\.0\.1:\d+\/\S+; it runs without its permissions and time limits/;
    expect(out + err).toMatch(words);
    const usual = cyclebox(root, 'start', '--no-dashboard');
    await usual.heard('PLUGIN_FAILED');
    usual.child.kill('SIGTERM');
    expect((await usual.ended).out).toMatch(
      /open 1\.0\.0 could not be activated: Access to this API has been restricted/,
    );
  });

  it('is used by translate once it is installed, with its pair, and in a folder without a configuration', async () => {
    const root = await withSepia([]);
    const elsewhere = await temporaryFolder();
    await writeFile(join(elsewhere, 'grey.png'), await grey());
    for (const name of ['day-night', 'sepia']) {
      const installed = await cyclebox(elsewhere, 'plugins', 'install', join(root, 'plugins', name)).ended;
      expect(installed).toMatchObject({ code: 0 });
    }
    const args = ['translate', 'grey.png', '--pair', 'day-night', '--to', 'night'];
    expect(await cyclebox(elsewhere, ...args).ended).toMatchObject({ code: 0, err: '' });
    expect((await sharp(join(elsewhere, 'translated/grey.png')).raw().toBuffer())[0]).toBe(155);
    const waiting = await cyclebox(elsewhere, ...args, '--postprocess', 'brighter').ended;
    expect(waiting.err).toMatch(
      /PLUGIN_UNAVAILABLE: The postprocessor "brighter" is of sepia, which is awaitingConsent/,
    );
    expect((await cyclebox(elsewhere, 'plugins', 'enable', 'sepia', '--yes').ended).code).toBe(0);
    const changed = await cyclebox(elsewhere, ...args, '--postprocess', 'brighter', '--out', 'brighter').ended;
    expect(changed).toMatchObject({ code: 0, err: '' });
    expect((await sharp(join(elsewhere, 'brighter/grey.png')).raw().toBuffer())[0]).toBe(160);
  });

  it('is tested by its author against a host in memory', async () => {
    const root = await withSepia([]);
    const folder = join(root, 'plugins', 'sepia');
    const test = `import assert from 'node:assert/strict';
      import test from 'node:test';
      import { flatPicture, openPlugin } from 'cyclebox/plugin/testing';
      test('it is brighter', async () => {
        const plugin = await openPlugin({ folder: import.meta.dirname ?? process.cwd() });
        const { rgb } = await plugin.postprocess('brighter', flatPicture(2, 1, [1, 2, 3]));
        assert.deepEqual([...rgb], [6, 7, 8, 6, 7, 8]);
        await assert.rejects(plugin.postprocess('spoiler', flatPicture(2, 1, [1, 2, 3])), /out of paint/);
        assert.deepEqual(await plugin.run('sepia.count', 'a'), { words: 1 });
        await plugin.dispose();
      });`;
    await writeFile(join(folder, 'sepia.test.mjs'), test);
    const passed = await cyclebox(root, 'plugins', 'test', folder).ended;
    expect(passed).toMatchObject({ code: 0 });
    expect(passed.out).toMatch(/pass 1/);
    await writeFile(join(folder, 'sepia.test.mjs'), test.replace('[6, 7', '[9, 7'));
    expect((await cyclebox(root, 'plugins', 'test', folder).ended).code).toBe(1);
    expect(await readFile(join(folder, 'index.mjs'), 'utf8')).toBe(sepia.code);
  });
});
