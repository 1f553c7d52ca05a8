import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ManualClock, packageRoot } from '../../src/base/index.js';
import { BackOff, Channel, compiledEntry, OutputCapture } from '../../src/process/index.js';

describe('back-off', () => {
  it('doubles from the first delay to the longest and starts anew after a reset', () => {
    const backOff = new BackOff({ firstMs: 100, maxMs: 500, jitter: 0 });
    expect([backOff.next(), backOff.next(), backOff.next(), backOff.next()]).toEqual([100, 200, 400, 500]);
    backOff.reset();
    expect(backOff.next()).toBe(100);
  });

  it('takes away at most the share that is random', () => {
    const backOff = new BackOff({ firstMs: 100, jitter: 0.5, random: () => 1 });
    expect(backOff.next()).toBe(50);
  });
});

describe('output capture', () => {
  it('cuts characters and lines right wherever the chunks end', async () => {
    const seen: string[] = [];
    const capture = new OutputCapture({ onLine: line => seen.push(line.text) });
    const bytes = Buffer.from('grün\r\nblau\nrot');
    const readable = Readable.from([...bytes].map(byte => Buffer.from([byte])));
    capture.attach(readable, 'stdout');
    await new Promise(resolve => readable.on('close', resolve));
    expect(seen).toEqual(['grün', 'blau', 'rot']);
  });

  it('says how many lines it dropped', async () => {
    const clock = new ManualClock();
    const seen: string[] = [];
    const capture = new OutputCapture({ onLine: line => seen.push(line.text), maxLinesPerSecond: 2, clock });
    const readable = new Readable({ read() {} });
    capture.attach(readable, 'stderr');
    readable.push('a\nb\nc\nd\n');
    await new Promise(resolve => setImmediate(resolve));
    clock.advance(1000);
    readable.push('e\n');
    readable.push(null);
    await new Promise(resolve => readable.on('close', resolve));
    expect(seen).toEqual(['a', 'b', '… 2 lines dropped', 'e']);
  });
});

describe('a channel', () => {
  it('drops an answer that comes after the time limit', async () => {
    const clock = new ManualClock();
    const sent: unknown[] = [];
    const channel = new Channel<{ slow(params: null): number }, object>({
      send: message => sent.push(message),
      handlers: {},
      peer: 'peer',
      clock,
    });
    const call = channel.call('slow', null, { timeoutMs: 1000 });
    clock.advance(1000);
    await expect(call).rejects.toMatchObject({ code: 'TIMED_OUT' });
    channel.receive({ kind: 'reply', id: 1, result: 1 });
    expect(sent).toEqual([
      { kind: 'request', id: 1, method: 'slow', params: null },
      { kind: 'cancel', id: 1 },
    ]);
    expect(channel.inFlight).toEqual([]);
  });
});

describe('a compiled entry', () => {
  it('is looked for in dist when the caller runs from src', () => {
    const caller = pathToFileURL(join(packageRoot, 'src/process/caller.ts')).href;
    expect(compiledEntry(caller, './serve-parent.js')).toBe(join(packageRoot, 'dist/process/serve-parent.js'));
    expect(() => compiledEntry(caller, './absent.js')).toThrow(/npm run build/);
  });
});
