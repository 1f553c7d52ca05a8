import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { LogOutput } from '../../../src/cli/daemon/log-output.js';
import { withoutControls } from '../../../src/cli/terminal/guard-output.js';
import { loadConfig, openService } from '../../../src/daemon/index.js';
import { cyclebox, dayNight, project, writeConfig } from '../../support/project.js';

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const controls = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;
/** Sets the window's title, clears the screen in C1, and turns the text around. */
const hostile = '\u001b]0;owned\u0007\u009b2J\u202egnp.exe';

describe('nothing that others wrote commands the terminal', () => {
  test('control characters are shown as JSON writes them, but for the commands’ own clearing of a line', () => {
    expect(withoutControls(`\r\u001b[Ka${hostile}`)).toBe('\r\u001b[Ka\\u001b]0;owned\\u0007\\u009b2J\\u202egnp.exe');
    expect(withoutControls('a\r\u001b[2Kb')).toBe('a\\u000d\\u001b[2Kb');
    const document = JSON.stringify({ name: hostile });
    expect(JSON.parse(withoutControls(document))).toEqual({ name: hostile });
    expect(withoutControls('horse → zebra\n\tÄ 馬 🐴')).toBe('horse → zebra\n\tÄ 馬 🐴');
  });

  test.each([
    ['translate', [`${hostile}.png`, '--pair', 'day-night', '--to', 'night', '--plugins', 'plugins']],
    ['translate --json', [`${hostile}.png`, '--pair', 'day-night', '--to', 'night', '--plugins', 'plugins', '--json']],
    ['pairs', ['--plugins', 'plugins']],
    ['pairs --json', ['--plugins', 'plugins', '--json']],
    ['doctor of a file', ['--config', `${hostile}.json`]],
    [`config ${hostile}`, []],
  ])('%j', async (command, options) => {
    const root = await project();
    const manifest = join(root, 'plugins/day-night/package.json');
    const plugin = JSON.parse(await readFile(manifest, 'utf8')) as {
      contributes: { domainPairs: { title?: string }[] };
    };
    plugin.contributes.domainPairs[0]!.title = hostile;
    await writeFile(manifest, JSON.stringify(plugin));
    const words = command === 'doctor of a file' ? ['config', 'validate'] : command.split(' ', 2);
    const { out, err } = await cyclebox(root, ...words.filter(word => word !== '--json'), ...options).ended;
    expect(`${out}${err}`).toContain('owned');
    expect(`${out}${err}`.replaceAll('\r\u001b[K', '')).not.toMatch(controls);
  });
});

describe('a log that nobody reads', () => {
  test('is kept up to a limit, and what was left out is counted once somebody does', async () => {
    const stream = new PassThrough({ highWaterMark: 10 });
    const log = new LogOutput(stream, { mostBytes: 100, gap: lines => `${lines} left out\n` });
    for (let line = 0; line < 50; line++) log.write('ten bytes\n');
    expect(stream.writableLength + stream.readableLength).toBeLessThan(200);
    expect(await log.settled(20)).toBe(false);
    let text = '';
    stream.setEncoding('utf8').on('data', chunk => {
      text += chunk;
    });
    await once(stream, 'drain');
    expect(await log.settled(10_000)).toBe(true);
    const kept = text.split('ten bytes\n').length - 1;
    expect(text).toContain(`${50 - kept} left out\n`);
  });

  test.skipIf(process.platform === 'win32')('does not keep a daemon from ending on SIGTERM', async () => {
    const root = await project();
    await writeConfig(root, { ...dayNight, decodeGraceMs: 0 });
    await mkdir(join(root, 'inbox/nowhere'), { recursive: true });
    // Each has no route, and says so at length: far more than a pipe holds.
    const long = 'x'.repeat(200);
    const files = 800;
    for (let file = 0; file < files; file++) await writeFile(join(root, 'inbox/nowhere', `${long}${file}.png`), 'x');
    const { child, heard } = cyclebox(root, 'start');
    await heard('watching');
    child.stdout!.removeAllListeners('data');
    child.stdout!.pause();
    const service = await openService(await loadConfig(join(root, 'watch-config.json')));
    while (((await service.status()).daemon?.failed ?? 0) < files);
    await service.dispose();
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  });
});
