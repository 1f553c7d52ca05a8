/** What the dashboard says of plugins with code, and the commands that it runs of theirs. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { endpoints } from '../../src/server/index.js';
import { openUnderTest } from './dashboard-under-test.js';

async function writeCounter(root: string): Promise<void> {
  const folder = join(root, 'plugins', 'counter');
  await mkdir(folder, { recursive: true });
  const code = `export const activate = context => {
    context.registerCommand('counter.count', words => words.length === 0 ? 'nothing' : { words });
    context.registerCommand('counter.end', () => process.exit(3));
  };`;
  const commands = [
    { command: 'counter.count', title: 'Count words' },
    { command: 'counter.end', title: 'End' },
  ];
  await writeFile(join(folder, 'index.mjs'), code);
  const manifest = { name: 'counter', version: '1.0.0', engines: { cyclebox: '^1.0.0' }, main: 'index.mjs' };
  await writeFile(join(folder, 'package.json'), JSON.stringify({ ...manifest, contributes: { commands } }));
}

test('commands of plugins are listed, run with their words, and the plugin says what its process is', async () => {
  const { ask } = await openUnderTest({}, writeCounter);
  const counter = async () => {
    const { plugins } = endpoints.listPlugins.answer.parse((await ask('/api/plugins')).json());
    return plugins.find(({ name }) => name === 'counter');
  };
  expect(await counter()).toMatchObject({
    state: 'idle',
    commands: [{ command: 'counter.count', title: 'Count words' }, {}],
  });
  const run = (command: string, words?: readonly string[]) =>
    ask(`/api/commands/${command}/run`, { method: 'POST', body: words ? { words } : {} });
  expect((await run('counter.count')).json()).toEqual({ text: 'nothing' });
  expect(JSON.parse((await run('counter.count', ['a', 'b'])).json().text)).toEqual({ words: ['a', 'b'] });
  const active = await counter();
  expect(active?.state).toBe(`active(${active?.process?.pid})`);
  expect(active?.cost).toMatchObject({ calls: 2, starts: 1 });
  expect((await run('counter.cuont')).json().error).toMatchObject({
    code: 'PLUGIN_UNAVAILABLE',
    message: expect.stringMatching(/known are counter\.count, counter\.end/),
  });
  expect((await run('counter.end')).json().error.code).toBe('PLUGIN_CRASHED');
  const crashed = await counter();
  expect(crashed).toMatchObject({ state: expect.stringMatching(/^(?:restarting\(1, 20|activating|active)/) });
  if (crashed?.state.startsWith('restarting'))
    expect(crashed.problem?.message).toMatch(/counter 1\.0\.0 crashed.*ended with code 3/);
});
