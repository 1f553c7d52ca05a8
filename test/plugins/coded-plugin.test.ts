import { readFile, stat } from 'node:fs/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { DisposableStore } from '../../src/base/index.js';
import { grey, type OpenedPlugin, openPlugin, type PluginSource, shortLimits } from './coded-plugins.js';

let opened = new DisposableStore();
afterEach(async () => {
  await opened.dispose();
  opened = new DisposableStore();
});

async function open(source: PluginSource, more: Parameters<typeof openPlugin>[1] = {}): Promise<OpenedPlugin> {
  const one = await openPlugin(source, more);
  opened.add(one.plugin);
  return one;
}

const withCommand = (body: string, rest: Partial<PluginSource> = {}): PluginSource => ({
  code: `export function activate(context) { context.registerCommand('go', async (words, request) => { ${body} }); }`,
  contributes: { command: ['go'] },
  ...rest,
});

describe('a plugin with code', () => {
  it('is not started before something of it is asked for, and tells how it stands', async () => {
    const { plugin, events, go } = await open(withCommand('return words.join("+")'));
    expect(plugin.state).toEqual({ kind: 'idle' });
    expect(await go('a', 'b')).toBe('a+b');
    expect(plugin.state).toMatchObject({ kind: 'active', pid: expect.any(Number) });
    expect(events.flatMap(event => (event.type === 'state' ? event.text : []))).toEqual([
      'activating(onCommand:go)',
      expect.stringMatching(/^active\(\d+\)$/),
    ]);
  });

  it('changes pictures, which reach it as pixels', async () => {
    const code = `export const activate = context => context.registerPostprocessor('p', async (picture, request) => {
      const input = await request.input();
      return { ...picture, rgb: picture.rgb.map((value, i) => value + input.rgb[i] + request.path.length) };
    });`;
    const { change } = await open({ code, contributes: { postprocessor: ['p'] } });
    const picture = await change(grey(5, 7, 20));
    expect([picture.width, picture.height, picture.format]).toEqual([5, 7, 'png']);
    expect(new Set(picture.rgb)).toEqual(new Set([45]));
  });

  it('may be a CommonJS module', async () => {
    const code = {
      'package.json': JSON.stringify({ name: 'under-test', version: '1.2.3' }),
      'index.js': `exports.activate = context => context.registerCommand('go', () => 'common');`,
    };
    const { go } = await open({ code, contributes: { command: ['go'] } });
    expect(await go()).toBe('common');
  });

  it('is given a context that nothing of it can change', async () => {
    const { go } = await open(
      withCommand(
        `const attempts = [() => { context.plugin.name = 'x'; }, () => { context.settings.months.push(1); },
          () => { context.translate = null; }, () => { context.state.get = null; }, () => { context.log.info = null; }];
        const refused = attempts.filter(attempt => { try { attempt(); return false; } catch { return true; } });
        return [refused.length, context.settings, context.plugin.name, context.apiVersion];`,
        { settings: { months: [12, 1], strength: 0.5 } },
      ),
    );
    expect(await go()).toEqual([5, { months: [12, 1], strength: 0.5 }, 'under-test', '1.0.0']);
  });

  it('remembers state and secrets from one process to the next', async () => {
    const { plugin, go } = await open(
      withCommand(`if (words[0] === 'set') {
          await context.state.set('count', { n: 7 });
          await context.secrets.set('token', 'hush');
        }
        return [context.state.get('count'), await context.secrets.get('token'), context.state.keys(), process.pid];`),
      { limits: { ...shortLimits, idleAfterMs: 1 } },
    );
    const [, , , pid] = (await go('set')) as unknown[];
    while (plugin.state.kind !== 'idle') await new Promise(resolve => setImmediate(resolve));
    const [count, token, keys, other] = (await go()) as unknown[];
    expect([count, token, keys]).toEqual([{ n: 7 }, 'hush', ['count']]);
    expect(other).not.toBe(pid);
    expect((await stat(plugin.places.secrets)).mode & 0o077).toBe(0);
  });

  it('has its output and what it logs in a file of its own', async () => {
    const { plugin, go, heard } = await open(
      withCommand(`console.log('said plainly'); context.log.warn('of note'); return context.logPath;`),
    );
    expect(await go()).toBe(plugin.places.log);
    await heard(event => event.type === 'said' && event.message === 'of note' && event.level === 'warn');
    await opened.dispose();
    const text = await readFile(plugin.places.log, 'utf8');
    expect(text).toMatch(/stdout said plainly/);
    expect(text).toMatch(/warn of note/);
  });

  it('ends what it has opened in reverse order, having been told', async () => {
    const code = `export function activate(context) {
        for (const name of ['first', 'second'])
          context.subscriptions.push({ dispose: () => console.log('closed ' + name) });
        context.registerCommand('go', () => null);
      }
      export const deactivate = () => console.log('told');`;
    const { plugin, go } = await open({ code, contributes: { command: ['go'] } });
    await go();
    await opened.dispose();
    const text = await readFile(plugin.places.log, 'utf8');
    expect(text).toMatch(/told.*closed second.*closed first/s);
  });

  it('is started anew after an idle time, and what it cost is kept', async () => {
    const { plugin, go } = await open(withCommand('return process.pid'), {
      limits: { ...shortLimits, idleAfterMs: 1 },
    });
    const first = await go();
    while (plugin.state.kind !== 'idle') await new Promise(resolve => setImmediate(resolve));
    expect(await go()).not.toBe(first);
    expect(plugin.costs).toMatchObject({ starts: 2, crashes: 0, calls: { command: { calls: 2, failures: 0 } } });
    expect(plugin.costs?.activation?.processMs).toBeGreaterThan(0);
  });

  it('that runs from the start on is not ended when it is idle', async () => {
    const { plugin, go, events } = await open(
      withCommand('return process.pid', { activationEvents: ['onStartupFinished'] }),
      {
        limits: { ...shortLimits, idleAfterMs: 1 },
      },
    );
    const first = await go();
    await new Promise(resolve => setTimeout(resolve, 30));
    expect([plugin.state.kind, await go()]).toEqual(['active', first]);
    expect(events.filter(event => event.type === 'state')).toHaveLength(2);
  });

  it('hears that nobody waits any more, and its late answer is dropped', async () => {
    const { plugin, heard, events } = await open(
      withCommand(`context.log.info('begun');
        await new Promise(resolve => request.signal.addEventListener('abort', resolve));
        context.log.info('stopped');
        return 'late';`),
    );
    const abort = new AbortController();
    const call = plugin.call('command', { id: 'go', words: [] }, { event: 'e', doing: 'failed', signal: abort.signal });
    await heard(event => event.type === 'said' && event.message === 'begun');
    abort.abort();
    await expect(call).rejects.toMatchObject({ code: 'CANCELLED' });
    await heard(event => event.type === 'said' && event.message === 'stopped');
    expect(plugin.state.kind).toBe('active');
    expect(events.filter(event => event.type === 'stray')).toEqual([]);
  });
});
