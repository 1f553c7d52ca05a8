import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { DisposableStore } from '../../src/base/index.js';
import { Child, type ChildOptions, type OutputLine, Supervisor } from '../../src/process/index.js';

interface Fixture {
  add(params: { a: number; b: number }): number;
  bytes(params: { bytes: Uint8Array }): { length: number; first: number; isBytes: boolean };
  pid(params: null): number;
  fail(params: null): void;
  unclonable(params: null): unknown;
  abort(params: null): void;
  exit(params: { code: number }): void;
  never(params: null): void;
  block(params: { ms: number }): string;
  flood(params: { lines: number }): number;
  askParent(params: { word: string }): string;
}
interface ParentSide {
  echo(params: { word: string }): string;
}

const entry = fileURLToPath(new URL('../fixtures/process/child.mjs', import.meta.url));
const parentEntry = fileURLToPath(new URL('../fixtures/process/parent.mjs', import.meta.url));

let opened = new DisposableStore();
afterEach(async () => {
  await opened.dispose();
  opened = new DisposableStore();
});

function options(more: Partial<ChildOptions<ParentSide>> = {}): ChildOptions<ParentSide> {
  const handlers = { echo: ({ word }: { word: string }) => word.toUpperCase() };
  return { entry, name: 'fixture child', protocol: { name: 'fixture', version: 1 }, handlers, ...more };
}

async function start(more: Partial<ChildOptions<ParentSide>> = {}): Promise<Child<Fixture, ParentSide>> {
  return opened.add(await Child.start<Fixture, ParentSide>(options(more)));
}

/** Collects output and lets a test wait for a line. */
function lines() {
  const seen: OutputLine[] = [];
  const waiting: { text: string; resolve: () => void }[] = [];
  return {
    seen,
    onLine: (line: OutputLine) => {
      seen.push(line);
      for (const one of waiting) if (line.text.includes(one.text)) one.resolve();
    },
    heard: (text: string) =>
      seen.some(line => line.text.includes(text))
        ? Promise.resolve()
        : new Promise<void>(resolve => waiting.push({ text, resolve })),
  };
}

describe('a child process', () => {
  it('answers typed calls, and carries bytes as bytes', async () => {
    const child = await start();
    expect(await child.call('add', { a: 2, b: 3 })).toBe(5);
    const bytes = new Uint8Array([7, 8]);
    expect(await child.call('bytes', { bytes })).toEqual({ length: 2, first: 7, isBytes: true });
  });

  it('can call its parent in turn', async () => {
    const child = await start();
    expect(await child.call('askParent', { word: 'yes' })).toBe('parent says YES');
  });

  it('passes errors on with their code and message', async () => {
    const child = await start();
    await expect(child.call('fail', null)).rejects.toMatchObject({ code: 'INTERNAL', message: 'no such colour' });
    await expect(child.call('unclonable', null)).rejects.toThrow(/clone/);
    const unknown = child as unknown as Child<{ nothing(params: null): void }>;
    await expect(unknown.call('nothing', null)).rejects.toMatchObject({ code: 'PROTOCOL' });
    expect(await child.call('add', { a: 1, b: 1 })).toBe(2);
  });

  it('that aborts fails the calls in flight, naming them and its last words', async () => {
    const child = await start();
    const other = child.call('never', null);
    const crashed = {
      code: 'PROCESS_CRASHED',
      message: expect.stringMatching(/SIGABRT during .*abort.*about to abort/),
    };
    await Promise.all([
      expect(child.call('abort', null)).rejects.toMatchObject(crashed),
      expect(other).rejects.toMatchObject({ code: 'PROCESS_CRASHED' }),
    ]);
    expect(await child.exited).toMatchObject({ signal: 'SIGABRT', expected: false });
    await expect(child.call('add', { a: 1, b: 1 })).rejects.toMatchObject({ code: 'PROCESS_CRASHED' });
  });

  it('that exits by itself counts as crashed', async () => {
    const child = await start();
    await expect(child.call('exit', { code: 3 })).rejects.toThrow(/with code 3/);
  });

  it('is told of a cancelled call, and the caller does not wait for it', async () => {
    const output = lines();
    const child = await start({ onLine: output.onLine });
    const controller = new AbortController();
    const call = child.call('never', null, { signal: controller.signal });
    controller.abort();
    await expect(call).rejects.toMatchObject({ code: 'CANCELLED' });
    await output.heard('cancel seen');
    expect(await child.call('add', { a: 1, b: 2 })).toBe(3);
  });

  it('that takes too long for a call is told to stop, with TIMED_OUT for the caller', async () => {
    const output = lines();
    const child = await start({ onLine: output.onLine });
    await expect(child.call('never', null, { timeoutMs: 50 })).rejects.toMatchObject({ code: 'TIMED_OUT' });
    await output.heard('cancel seen');
  });

  it('is unresponsive while it owes an acknowledgement, and responsive again after it', async () => {
    const child = await start({ unresponsiveAfterMs: 50 });
    const states: boolean[] = [];
    child.onResponsiveness(state => states.push(state));
    const blocked = child.call('block', { ms: 400 });
    const behind = child.call('add', { a: 1, b: 1 });
    expect(await blocked).toBe('done');
    expect(await behind).toBe(2);
    expect(states).toEqual([false, true]);
    expect(child.isResponsive).toBe(true);
  });

  it('that floods its output is cut to a bounded number of bounded lines', async () => {
    const output = lines();
    const child = await start({ onLine: output.onLine });
    expect(await child.call('flood', { lines: 20_000 })).toBe(20_000);
    await child.dispose();
    expect(output.seen.length).toBeLessThan(2000);
    expect(Math.max(...output.seen.map(line => line.text.length))).toBeLessThanOrEqual(10_001);
    expect(child.recentOutput.length).toBeLessThanOrEqual(50);
  });

  it('that speaks another version is refused', async () => {
    const env = { ...process.env, FIXTURE_PROTOCOL_VERSION: '2' };
    await expect(Child.start(options({ env }))).rejects.toMatchObject({
      code: 'PROTOCOL',
      message: expect.stringMatching(/fixture 2.*fixture 1/),
    });
  });

  it('that never says hello is ended', async () => {
    const env = { ...process.env, FIXTURE_MUTE: '1' };
    const starting = Child.start(options({ env, handshakeTimeoutMs: 300 }));
    await expect(starting).rejects.toMatchObject({ code: 'PROCESS_UNRESPONSIVE' });
  });

  it('whose entry is not there is a crash, not a hang', async () => {
    const starting = Child.start(options({ entry: '/nowhere/child.js' }));
    await expect(starting).rejects.toMatchObject({
      code: 'PROCESS_CRASHED',
      message: expect.stringContaining('nowhere'),
    });
  });

  it('closes in order when disposed, and is killed when it will not', async () => {
    const output = lines();
    const orderly = await start({ onLine: output.onLine });
    await orderly.dispose();
    expect(await orderly.exited).toEqual({ code: 0, signal: null, expected: true });
    expect(output.seen.map(line => line.text)).toContain('closing in order');

    const busy = await start({ graceMs: 50 });
    const blocked = busy.call('block', { ms: 60_000 });
    const failed = expect(blocked).rejects.toMatchObject({ code: 'CANCELLED' });
    await busy.dispose();
    await failed;
    expect((await busy.exited).signal).toBe('SIGKILL');
  });

  it('ignores the signals that a terminal sends to the whole group', async () => {
    const child = await start();
    process.kill(child.pid!, 'SIGINT');
    process.kill(child.pid!, 'SIGTERM');
    expect(await child.call('add', { a: 1, b: 1 })).toBe(2);
  });

  it('ends when its parent is killed', async () => {
    const parent: ChildProcess = spawn(process.execPath, [parentEntry], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [pidLine] = (await once(createInterface({ input: parent.stdout! }), 'line')) as [string];
    const pid = Number(pidLine);
    expect(isAlive(pid)).toBe(true);
    parent.kill('SIGKILL');
    await expect.poll(() => isAlive(pid), { timeout: 90_000 }).toBe(false);
  });
});

describe('a supervisor', () => {
  function supervise(): Supervisor<Fixture, ParentSide> {
    return opened.add(new Supervisor<Fixture, ParentSide>(options(), { backOff: { firstMs: 10, maxMs: 20 } }));
  }

  it('starts one child for many callers', async () => {
    const supervisor = supervise();
    const [one, two] = await Promise.all([supervisor.child(), supervisor.child()]);
    expect(one).toBe(two);
  });

  it('starts another child after a crash', async () => {
    const supervisor = supervise();
    const first = await supervisor.child();
    await expect(first.call('exit', { code: 1 })).rejects.toMatchObject({ code: 'PROCESS_CRASHED' });
    const second = await supervisor.child();
    expect(second.pid).not.toBe(first.pid);
    expect(await second.call('add', { a: 4, b: 4 })).toBe(8);
  });

  it('leaves no process behind when disposed', async () => {
    const supervisor = supervise();
    const child = await supervisor.child();
    await supervisor.dispose();
    expect(isAlive(child.pid!)).toBe(false);
    await expect(supervisor.child()).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
