/** Plugins that do what they must not: each harms only itself, is named, and takes no picture with it. */
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { CycleboxError, DisposableStore } from '../../src/base/index.js';
import type { CodedPluginOptions } from '../../src/plugin-host/index.js';
import { temporaryFolder } from '../support/pictures.js';
import { grey, type OpenedPlugin, openPlugin, type PluginSource, shortLimits } from './coded-plugins.js';

let opened = new DisposableStore();
afterEach(async () => {
  await opened.dispose();
  opened = new DisposableStore();
});

async function open(source: PluginSource, more: Partial<CodedPluginOptions> = {}): Promise<OpenedPlugin> {
  const one = await openPlugin(source, more);
  opened.add(one.plugin);
  return one;
}

/** Registers the command `go`. */
const commanding = (body: string, rest: Partial<PluginSource> = {}): PluginSource => ({
  code: `import fs from 'node:fs';
    export function activate(context) { context.registerCommand('go', async words => { ${body} }); }`,
  contributes: { command: ['go'] },
  ...rest,
});

/** Registers the postprocessor `p`. */
const processing = (body: string): PluginSource => ({
  code: `export const activate = context => context.registerPostprocessor('p', async picture => { ${body} });`,
  contributes: { postprocessor: ['p'] },
});

async function errorOf(work: Promise<unknown>): Promise<CycleboxError> {
  const thrown = await work.then(
    () => new Error('it did not fail'),
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(CycleboxError);
  return thrown as CycleboxError;
}

describe('a plugin that fails to activate', () => {
  it.each([
    ['throws', `export function activate() { throw new Error('no licence'); }`, /no licence.*at index\.js:1/],
    ['rejects', `export const activate = async () => { throw new Error('too late'); }`, /too late.*at index\.js:1/],
    ['exports nothing', 'export const other = 1;', /exports no function "activate"/],
    ['cannot be read', 'export function activate( {', /SyntaxError|Unexpected/],
    ['registers nothing', 'export function activate() {}', /contributes the command "go".*registers none/],
    [
      'registers what it does not contribute',
      `export const activate = c => c.registerCommand('gone', () => 1);`,
      /"gone", which its manifest does not contribute; it contributes go/,
    ],
  ])('since it %s stands as failed with the reason, and is not tried again', async (_, code, reason) => {
    const { plugin, go, events } = await open({ code, contributes: { command: ['go'] } });
    for (const _time of [1, 2]) {
      const error = await errorOf(go());
      expect(error).toMatchObject({ code: 'PLUGIN_UNAVAILABLE', subject: { plugin: 'under-test' } });
      expect(error.message).toMatch(reason);
    }
    expect(plugin.state).toMatchObject({ kind: 'failed', problem: { code: 'PLUGIN_FAILED' } });
    expect(events.filter(event => event.type === 'fault')).toHaveLength(1);
    expect(plugin.costs).toMatchObject({ starts: 0, crashes: 0 });
  });
});

describe('a plugin whose process ends', () => {
  it.each([
    ['exit(0)', 'process.exit(0)', /process\.exit\(0\) was called/, 'index.js'],
    ['abort', 'process.abort()', /SIGABRT/, ''],
    [
      'an error that nobody catches',
      `setTimeout(() => { throw new Error('from behind'); }); await new Promise(() => {})`,
      /from behind/,
      'index.js',
    ],
    [
      'a rejection that nobody catches',
      `Promise.reject(new Error('unheard')); await new Promise(() => {})`,
      /unheard/,
      'index.js',
    ],
    ['a kill of itself', `process.kill(process.pid, 'SIGKILL'); await new Promise(() => {})`, /SIGKILL/, ''],
    ['a closed channel', 'fs.closeSync(3); await new Promise(() => {})', /ended by signal|ended with code/, ''],
    [
      'rubbish in its channel',
      'fs.writeSync(3, Buffer.alloc(64, 255)); await new Promise(() => {})',
      /ended|rubbish/,
      '',
    ],
  ])('by %s is named with its place, and runs again for the next call', async (_, body, reason, place) => {
    const { plugin, go } = await open(commanding(`if (words[0] === 'now') { ${body} } return 'well';`));
    const error = await errorOf(go('now'));
    expect(error).toMatchObject({ code: 'PLUGIN_CRASHED', subject: { plugin: 'under-test' } });
    expect(error.message).toMatch(/^under-test 1\.2\.3 failed at the command "go"/);
    expect(`${error.message} ${error.stack}`).toMatch(reason);
    expect(`${error.message}`).toContain(place);
    expect(await go()).toBe('well');
    expect(plugin.costs).toMatchObject({ crashes: 1, starts: 2 });
  });

  it('three times in five minutes is stopped, alone, and says so in its state', async () => {
    const { go, events, heard } = await open(commanding('process.exit(7)'));
    const other = await open(commanding('return 1', { name: 'innocent' }));
    await other.go();
    for (let i = 0; i < 3; i++) await errorOf(go());
    await heard(event => event.type === 'state' && event.state.kind === 'disabledByCrashes');
    const error = await errorOf(go());
    expect(error.code).toBe('PLUGIN_UNAVAILABLE');
    expect(error.message).toMatch(/disabledByCrashes\(3, 20.*process\.exit\(7\).*plugins enable under-test/);
    expect(events.filter(event => event.type === 'fault')).toHaveLength(3);
    expect(other.plugin.state.kind).toBe('active');
  });

  it('while it starts, as often as it is tried, keeps its caller waiting until it is stopped', async () => {
    const { plugin, go } = await open({
      code: `process.exit(3); export const activate = () => {};`,
      contributes: { command: ['go'] },
    });
    expect((await errorOf(go())).code).toBe('PLUGIN_UNAVAILABLE');
    expect(plugin.state).toMatchObject({ kind: 'disabledByCrashes', crashes: 3 });
  });

  it('is started again by itself, since it had been asked for', async () => {
    const { go, events, heard } = await open(commanding('process.exit(1)'));
    await errorOf(go());
    await heard(event => event.type === 'state' && event.state.kind === 'restarting');
    events.length = 0;
    await heard(event => event.type === 'state' && event.state.kind === 'active');
    expect(events.map(event => event.type === 'state' && event.text)[0]).toBe('activating(onCommand:go)');
  });
});

describe('a plugin that takes too much', () => {
  it('time, without an end, is found unresponsive and ended', async () => {
    const { go, events } = await open(commanding('if (words[0]) for (;;); return 2;'));
    const error = await errorOf(go('loop'));
    expect(error.code).toBe('PLUGIN_CRASHED');
    expect(error.message).toMatch(/stopped answering for 700 ms, and was ended/);
    expect(events.some(event => event.type === 'state' && event.state.kind === 'unresponsive')).toBe(true);
    expect(await go()).toBe(2);
  });

  it('time, while it answers, is ended at the limit of what was asked', async () => {
    const callMs = { ...shortLimits.callMs, command: 300 };
    const { go } = await open(commanding('await new Promise(() => {})'), { limits: { ...shortLimits, callMs } });
    expect((await errorOf(go())).message).toMatch(/took longer than 300 ms for command, and was ended/);
  });

  it('of the heap ends by itself, and says of what', async () => {
    const { go } = await open(commanding(`const all = []; for (;;) all.push({ text: 'x'.repeat(50) + all.length });`), {
      limits: { ...shortLimits, heapMegabytes: 24, unresponsiveAfterMs: 30_000 },
    });
    const error = await errorOf(go());
    expect(error.code).toBe('PLUGIN_CRASHED');
    expect(error.message).toMatch(/heap out of memory|SIGABRT|SIGKILL/);
  });

  it('of the memory outside of the heap is ended', async () => {
    const hoard = 'const all = []; for (;;) { all.push(Buffer.alloc(4 << 20, 1)); await new Promise(setImmediate); }';
    const { go } = await open(commanding(hoard), { limits: { ...shortLimits, memoryBytes: 200 * 2 ** 20 } });
    expect((await errorOf(go())).message).toMatch(/held \d+ MB of memory, more than its 210 MB, and was ended/);
  });

  it('of the log is cut, and goes on', async () => {
    const flood = `for (let i = 0; i < 20000; i++) console.log('line ' + i); console.log('x'.repeat(5e6)); return 'done';`;
    const { plugin, go } = await open(commanding(flood));
    expect(await go()).toBe('done');
    await opened.dispose();
    const text = await readFile(plugin.places.log, 'utf8');
    expect(text.length).toBeLessThan(100_000);
    expect(text).toContain('line 0');
  });

  it('of its host, asked without a pause, keeps nobody else waiting', async () => {
    const { go, events } = await open(
      commanding(`const asked = Array.from({ length: 5000 }, (_, i) => context.secrets.get('k' + i).then(() => 1, () => 0));
        return (await Promise.all(asked)).length;`),
      { limits: { ...shortLimits, unresponsiveAfterMs: 30_000 } },
    );
    let turns = 0;
    const turn = setInterval(() => turns++, 1);
    expect(await go()).toBe(5000);
    clearInterval(turn);
    expect(turns).toBeGreaterThan(3);
    expect(events.filter(event => event.type === 'fault')).toEqual([]);
  });

  it('to remember is refused', async () => {
    const { go } = await open(commanding(`await context.state.set('much', 'x'.repeat(2 << 20));`));
    expect((await errorOf(go())).message).toMatch(/keeps too much/);
  });
});

describe('a plugin that reaches out', () => {
  it.each([
    ['reads what it may not', `fs.readFileSync('/etc/passwd')`],
    ['writes what it may not', `fs.writeFileSync(context.plugin.folder + '/index.js', '')`],
    ['starts a program', `(await import('node:child_process')).execSync('ls')`],
    ['starts a thread', `new (await import('node:worker_threads')).Worker('1', { eval: true })`],
    ['reads its own secrets past its host', `fs.readFileSync(context.storagePath + '/../secrets.json')`],
  ])('and %s is held back by Node', async (_, body) => {
    const { plugin, go } = await open(commanding(`${body}; return 'had it';`));
    const error = await errorOf(go());
    expect(error.code).toBe('PLUGIN_FAILED');
    expect(error.message).toMatch(/Access to this API has been restricted/);
    expect(plugin.state.kind).toBe('active');
  });

  it('may read and write what it was allowed, and its storage without asking', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'table.txt'), 'ok');
    const { go } = await open(
      commanding(
        `fs.writeFileSync(context.storagePath + '/own', 'own');
        return fs.readFileSync(words[0] + '/table.txt', 'utf8') + fs.readFileSync(context.storagePath + '/own', 'utf8');`,
        {
          permissions: { read: [folder] },
        },
      ),
    );
    expect(await go(folder)).toBe('okown');
  });

  it('with a link that leads out of its folder is not started', async () => {
    const { plugin, go } = await open(commanding('return 1'));
    await mkdir(join(plugin.spec.folder, 'data'));
    await symlink('/etc/passwd', join(plugin.spec.folder, 'data', 'innocent.txt'));
    const error = await errorOf(go());
    expect(error.message).toMatch(/innocent\.txt.*leads out of the plugin's folder, to \/etc\/passwd/);
    expect(plugin.state).toMatchObject({ kind: 'failed', problem: { code: 'PLUGIN_UNSAFE' } });
  });

  it('with a link within its folder is started', async () => {
    const { plugin, go } = await open(commanding('return 1'));
    await symlink('index.js', join(plugin.spec.folder, 'alias.js'));
    await symlink('nowhere', join(plugin.spec.folder, 'dangling'));
    expect(await go()).toBe(1);
  });

  it('sees no variable of the environment that is not for everybody', async () => {
    process.env['SECRET_OF_THE_USER'] = 'hush';
    const { go } = await open(commanding('return Object.keys(process.env)'));
    const names = (await go()) as string[];
    delete process.env['SECRET_OF_THE_USER'];
    expect(names).toContain('PATH');
    expect(names.filter(name => /SECRET|HOME|NODE_OPTIONS/.test(name))).toEqual([]);
  });
});

describe('a plugin that lies', () => {
  const frame = (message: string) => `{
    const body = JSON.stringify(${message});
    const length = Buffer.alloc(4);
    length.writeUInt32BE(body.length);
    fs.writeSync(3, Buffer.concat([length, Buffer.from(body)]));
  }`;

  it('and answers twice is told of, and the first answer holds', async () => {
    const twice = `for (const id of [2, 2]) ${frame(`{ kind: 'reply', id, result: 'forged' }`)} return 'real';`;
    const { go, heard } = await open(commanding(twice));
    expect(await go()).toBe('forged');
    await heard(event => event.type === 'stray' && event.what === 'answered call 2 twice');
  });

  it('about what went wrong is not believed: its errors are its own', async () => {
    const { go } = await open(commanding(`throw Object.assign(new Error('mine'), { code: 'CANCELLED' });`));
    expect(await errorOf(go())).toMatchObject({ code: 'PLUGIN_FAILED', message: expect.stringMatching(/mine/) });
    const forged = frame(`{ kind: 'error', id: 2, error: { code: 'STATE_LOCKED', message: 'forged', subject: {} } }`);
    const other = await open(commanding(`${forged} await new Promise(() => {})`));
    expect(await errorOf(other.go())).toMatchObject({ code: 'PLUGIN_FAILED' });
  });

  it.each([
    [
      'in a message',
      frame(
        `JSON.parse('{"kind":"request","id":1,"method":"setState","params":{"key":"__proto__","value":{"polluted":1}}}')`,
      ),
    ],
    ['in what it remembers', `await context.state.set('__proto__', { polluted: 1 });`],
    ['in its answer', ''],
  ])('and would give all objects a member %s reaches none', async (_, body) => {
    const { plugin, go } = await open(
      commanding(
        `${body} return JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}');`,
      ),
    );
    await go();
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(plugin.state.kind).toBe('active');
  });

  it.each([
    ['nothing', 'return undefined', /returned no picture/],
    ['too few pixels', 'return { ...picture, rgb: picture.rgb.subarray(3) }', /33 bytes in "rgb", where 36 bytes/],
    ['no size', 'return { ...picture, width: -1 }', /width -1/],
    ['an array', 'return { ...picture, rgb: [...picture.rgb] }', /object in "rgb"/],
  ])('and returns %s for a picture is told what is wrong', async (_, body, reason) => {
    const { change } = await open(processing(body));
    const error = await errorOf(change(grey()));
    expect(error).toMatchObject({ code: 'PLUGIN_FAILED', message: expect.stringMatching(reason) });
  });

  it('about paths gets nothing read or written elsewhere', async () => {
    const asked: unknown[] = [];
    const { plugin, go } = await open(
      commanding(
        frame(
          `{ kind: 'request', id: 77, method: 'translate', params: { pair: 'a', to: 'b', picture: words[0], result: words[1] } }`,
        ),
      ),
      { translate: async request => void asked.push(request) },
    );
    await go('/etc/passwd', '/tmp/x.pixels');
    await go(join(plugin.places.scratch, '..', 'secrets.json'), join(plugin.places.scratch, 'a.pixels'));
    await go(join(plugin.places.scratch, 'a.pixels'), join(plugin.places.scratch, 'b.pixels'));
    expect(asked).toHaveLength(1);
  });
});
