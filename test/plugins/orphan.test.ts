/** A plugin's process whose daemon was killed: nobody is left to end it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { packageRoot } from '../../src/base/index.js';
import { isAlive } from '../../src/process/index.js';
import { temporaryFolder } from '../support/pictures.js';
import { writePlugin } from './coded-plugins.js';

const canEnd = process.platform === 'linux' && existsSync('/usr/bin/setpriv');

it.each([
  ['waits', 'new Promise(() => {})', true],
  ['loops without an end', '(() => { for (;;); })()', canEnd],
])('that %s ends with the daemon', async (_, body, isTried) => {
  if (!isTried) return;
  const spec = await writePlugin({
    code: `export const activate = c => c.registerCommand('go', () => { console.log('begun'); return ${body}; });`,
    contributes: { command: ['go'] },
  });
  const host = pathToFileURL(join(packageRoot, 'dist/plugin-host/index.js')).href;
  const script = `import { CodedPlugin } from ${JSON.stringify(host)};
    const plugin = new CodedPlugin({ spec: ${JSON.stringify(spec)}, stateFolder: ${JSON.stringify(await temporaryFolder())}, translate: async () => {} });
    await plugin.activate('go');
    console.log(plugin.state.pid);
    plugin.call('command', { id: 'go', words: [] }, { event: 'go', doing: 'failed' }).catch(() => {});
    setTimeout(() => console.log('busy'), 200);`;
  const daemon = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: daemon.stdout });
  const [pid] = (await once(lines, 'line')) as [string];
  await once(lines, 'line');
  expect(isAlive(Number(pid))).toBe(true);
  daemon.kill('SIGKILL');
  while (isAlive(Number(pid))) await new Promise(resolve => setTimeout(resolve, 20));
  expect(isAlive(Number(pid))).toBe(false);
});
