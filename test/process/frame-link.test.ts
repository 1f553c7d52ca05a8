import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { DisposableStore } from '../../src/base/index.js';
import {
  Channel,
  Child,
  type ChildOptions,
  FrameLink,
  frameOf,
  type Message,
  memoryLinks,
} from '../../src/process/index.js';

interface Fixture {
  add(params: { a: number; b: number }): number;
  rubbish(params: { bytes: readonly number[] }): never;
  answerAgain(params: { id: number }): void;
  askOften(params: { times: number }): readonly string[];
  askParent(params: { word: string }): string;
  fail(params: null): void;
}
interface ParentSide {
  echo(params: { word: string }): string | Promise<string>;
}

const entry = fileURLToPath(new URL('../fixtures/process/child.mjs', import.meta.url));

let opened = new DisposableStore();
afterEach(async () => {
  await opened.dispose();
  opened = new DisposableStore();
});

async function start(more: Partial<ChildOptions<ParentSide>> = {}): Promise<Child<Fixture, ParentSide>> {
  const child = await Child.start<Fixture, ParentSide>({
    entry,
    name: 'stranger',
    protocol: { name: 'fixture', version: 1 },
    wire: 'frames',
    env: { FIXTURE_WIRE: 'frames' },
    handlers: { echo: ({ word }) => word.toUpperCase() },
    ...more,
  });
  return opened.add(child);
}

/** What a link hears of `bytes` that arrive in pieces of `pieceBytes`. */
async function heard(bytes: Buffer, pieceBytes: number, maxFrameBytes?: number) {
  const pipe = new PassThrough();
  const link = new FrameLink(pipe, { peer: 'stranger', maxFrameBytes, maxPerTurn: 2 });
  const messages: Message[] = [];
  const faults: string[] = [];
  link.onMessage(message => messages.push(message));
  link.onFault(fault => faults.push(fault.message));
  for (let at = 0; at < bytes.length; at += pieceBytes) pipe.write(bytes.subarray(at, at + pieceBytes));
  for (let turn = 0; turn < 10; turn++) await new Promise(resolve => setImmediate(resolve));
  link.dispose();
  return { messages, faults };
}

describe('messages in frames', () => {
  const said: Message[] = [1, 2, 3, 4, 5].map(id => ({ kind: 'ack', id }));
  const bytes = Buffer.concat(said.map(frameOf));

  it.each([1, 3, 7, 1000])('arrive whole and in order when the pipe cuts them every %i bytes', async pieceBytes => {
    expect(await heard(bytes, pieceBytes)).toEqual({ messages: said, faults: [] });
  });

  it.each([
    ['no JSON', Buffer.from([0, 0, 0, 2, 0x7b, 0x7b])],
    ['no message', Buffer.concat([Buffer.from([0, 0, 0, 4]), Buffer.from('null')])],
    ['a reply without a number', frameOf({ kind: 'reply', id: 'x' as unknown as number, result: 1 })],
    ['an error that is none', frameOf({ kind: 'error', id: 1, error: null as never })],
    ['more than is allowed', Buffer.from([0xff, 0xff, 0xff, 0xff])],
  ])('that are %s are a fault, and nothing after them is heard', async (_, rubbish) => {
    const result = await heard(Buffer.concat([frameOf(said[0]!), rubbish, frameOf(said[1]!)]), 1000);
    expect(result.messages).toEqual([said[0]]);
    expect(result.faults).toEqual([expect.stringMatching(/^the stranger sent /)]);
  });

  it('of a kind that JavaScript knows from elsewhere are a fault, too', async () => {
    const inherited = frameOf({ kind: 'toString' } as unknown as Message);
    expect((await heard(inherited, 1000)).faults).toHaveLength(1);
  });
});

describe('a child that is not trusted', () => {
  it('is called, calls, and fails in words as any other', async () => {
    const child = await start();
    expect(await child.call('add', { a: 2, b: 3 })).toBe(5);
    expect(await child.call('askParent', { word: 'yes' })).toBe('parent says YES');
    await expect(child.call('fail', null)).rejects.toThrow(/no such colour/);
  });

  it('that writes rubbish to its pipe is ended, and the parent hears what it was', async () => {
    const child = await start();
    const call = child.call('rubbish', { bytes: [0, 0, 0, 3, 1, 2, 3] });
    await expect(call).rejects.toMatchObject({
      code: 'PROCESS_CRASHED',
      message: expect.stringMatching(/sent what is no message/),
    });
  });

  it('that answers twice, or what was never asked, is told of and does no harm', async () => {
    const strays: string[] = [];
    const child = await start({ onStray: what => strays.push(what) });
    expect(await child.call('add', { a: 1, b: 1 })).toBe(2);
    await child.call('answerAgain', { id: 1 });
    await child.call('answerAgain', { id: 999 });
    expect(strays).toEqual(['answered call 1 twice', 'answered call 999, which was never made']);
  });

  it('that calls too much at a time is refused what is too much', async () => {
    let answer = () => {};
    const answered = new Promise<void>(resolve => {
      answer = resolve;
    });
    const echo = () => answered.then(() => 'X');
    const child = await start({ maxServing: 3, handlers: { echo } });
    const asked = child.call('askOften', { times: 5 });
    await child.call('add', { a: 1, b: 1 });
    answer();
    expect(await asked).toEqual(Array(2).fill('at most 3 calls are served at a time'));
  });
});

describe('a link within one process', () => {
  it('carries calls both ways, and nothing after its end', async () => {
    const [left, right] = memoryLinks();
    const one = new Channel<{ double(n: number): number }, object>({
      send: m => left.send(m),
      handlers: {},
      peer: 'right',
    });
    const two = new Channel<object, { double(n: number): number }>({
      send: m => right.send(m),
      handlers: { double: n => 2 * n },
      peer: 'left',
    });
    left.onMessage(message => one.receive(message));
    right.onMessage(message => two.receive(message));
    expect(await one.call('double', 4)).toBe(8);
    right.dispose();
    await expect(one.call('double', 4)).rejects.toMatchObject({ code: 'PROTOCOL' });
  });
});
