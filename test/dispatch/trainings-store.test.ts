/** What decides whose a queued training is, without Redis and without training: the log in the store, and files below tokens. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RunFiles } from '../../src/dispatch/trainings/run-files.js';
import { after, type RunEntry, RunLog, untouched } from '../../src/dispatch/trainings/run-log.js';
import { foldersOf, orderOf, parseOrder, type RunOrder } from '../../src/dispatch/trainings/run-order.js';
import { SharedRuns } from '../../src/dispatch/trainings/run-store.js';
import { temporaryFolder } from '../support/pictures.js';

const claimBy = (worker: string): RunEntry => ({
  ...{ kind: 'claimed', worker, host: 'here', pid: 1, engine: 'cpu', threads: 2 },
});
const error = { code: 'DATASET_EMPTY', message: 'none' };
const stateAfter = (...entries: readonly RunEntry[]) => entries.reduce(after, untouched);

const roots = { images: '/share/images', runs: '/share/runs' };
const by = { host: 'here', atMs: 0 };

describe('trainings: the log of a run', () => {
  it('gives each claim a higher token, and lets an owner that is none any more write nothing', async () => {
    const store = new SharedRuns(await temporaryFolder());
    const [first, second] = [new RunLog(store, 'run'), new RunLog(store, 'run')];
    const claimed = await first.append(() => claimBy('first'));
    expect(claimed?.owner?.token).toBe(1);
    // The first was cut off; the second has it now.
    expect((await second.append(() => claimBy('second')))?.owner?.token).toBe(2);
    expect(await first.appendAs(1, { kind: 'trained', token: 1, step: 9 })).toBeUndefined();
    expect(await second.appendAs(2, { kind: 'trained', token: 2, step: 9 })).toMatchObject({ trainedBy: 2 });
    expect(await first.state()).toEqual(await second.state());
  });

  it('has one order of entries for all, however many write at a time', async () => {
    const store = new SharedRuns(await temporaryFolder());
    const workers = Array.from({ length: 8 }, (_, index) => String(index));
    const states = await Promise.all(workers.map(name => new RunLog(store, 'run').append(() => claimBy(name))));
    expect(states.map(state => state?.owner?.token).sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    for (const [index, state] of states.entries()) expect(state?.owner?.worker).toBe(String(index));
  });

  it('is read once, however many ask at a time', async () => {
    const store = new SharedRuns(await temporaryFolder());
    const [writer, reader] = [new RunLog(store, 'run'), new RunLog(store, 'run')];
    await writer.append(() => claimBy('a'));
    await writer.append(() => claimBy('b'));
    await Promise.all([reader.state(), reader.state(), reader.state()]);
    expect(await reader.state()).toEqual(await writer.state());
  });

  it('sets a run aside that has failed three times, and forgets the failures when it is retried', () => {
    const failure: readonly RunEntry[] = [claimBy('w'), { kind: 'failed', token: 1, error }];
    expect(stateAfter(...failure, ...failure)).toMatchObject({ standing: 'waiting', failures: 2, owner: undefined });
    const aside = stateAfter(...failure, ...failure, ...failure);
    expect(aside).toMatchObject({ standing: 'set-aside', error });
    expect(after(aside, { kind: 'retried' })).toMatchObject({ standing: 'waiting', failures: 0, error: undefined });
  });

  it('counts owners that were lost before a checkpoint of theirs was in the store, and no others', () => {
    expect(stateAfter(claimBy('a'), claimBy('b'), claimBy('c')).lost).toBe(2);
    expect(stateAfter(claimBy('a'), claimBy('b'), { kind: 'began', token: 2 }, claimBy('c')).lost).toBe(0);
    expect(stateAfter(claimBy('a'), { kind: 'returned', token: 1 }, claimBy('b')).lost).toBe(0);
  });

  it('keeps a run on the engine and threads that it began with', () => {
    const other: RunEntry = { ...claimBy('b'), engine: 'webgpu', threads: 8 } as RunEntry;
    const state = stateAfter(claimBy('a'), { kind: 'began', token: 1 }, other, { kind: 'began', token: 3 });
    expect(state.device).toEqual({ engine: 'cpu', threads: 2 });
  });

  it('says what to do about an entry that is damaged', async () => {
    const root = await temporaryFolder();
    await write(join(root, 'run/queue/log/000001.json'), '{"kind":"claimed"}');
    await expect(new RunLog(new SharedRuns(root), 'run').state()).rejects.toMatchObject({ code: 'PROTOCOL' });
  });
});

describe('trainings: the order of a run', () => {
  const training = { pair: 'red-blue', a: '/share/images/reds', b: '/share/images/blues', width: 4 };

  it('names folders relative to what all machines share, and leaves to workers what is theirs', () => {
    const order = orderOf({ ...training, out: '/x', warmStart: '/share/runs/old', background: true }, roots, by);
    expect(order.folders).toEqual({
      a: { root: 'images', path: 'reds' },
      b: { root: 'images', path: 'blues' },
      warmStart: { root: 'runs', path: 'old' },
    });
    expect(order).toMatchObject({ device: 'any', options: { pair: 'red-blue', width: 4 } });
    const there = foldersOf(parseOrder(JSON.stringify(order), 'run'), { images: '/mnt/i', runs: '/mnt/r' });
    expect(there).toEqual({ a: join('/mnt/i/reds'), b: join('/mnt/i/blues'), warmStart: join('/mnt/r/old') });
  });

  it('with a folder that other machines do not see is refused', () => {
    expect(() => orderOf({ ...training, a: '/home/me/reds' }, roots, by)).toThrow(/below \/share\/images/);
  });

  it('that leads out of the shared folders is refused', () => {
    const order: RunOrder = orderOf(training, roots, by);
    const bad = { ...order, folders: { a: { root: 'images', path: '../../etc' } } };
    expect(() => parseOrder(JSON.stringify(bad), 'run')).toThrow(expect.objectContaining({ code: 'PROTOCOL' }));
  });
});

describe('trainings: files of a run', () => {
  const open = async () => {
    const root = await temporaryFolder();
    const store = new SharedRuns(root);
    const at = async (name: string) => {
      const local = join(await temporaryFolder(), name);
      return { local, files: new RunFiles(store, 'run', local) };
    };
    return { root, at };
  };
  const writeStep = async (local: string, step: number, text: string) => {
    await write(join(local, 'history.jsonl'), text);
    await write(join(local, `checkpoints/step-000000${step}/weights.safetensors`), text);
    await write(join(local, `checkpoints/step-000000${step}/state.json`), '{}');
  };

  it('of an owner that was cut off do not replace those of the one after it', async () => {
    const { root, at } = await open();
    const [first, second, third] = [await at('a'), await at('b'), await at('c')];
    await writeStep(first.local, 1, 'of the first');
    await first.files.publish(1);
    expect(await second.files.restore(2)).toBe(true);
    await writeStep(second.local, 2, 'of the second');
    await second.files.publish(2);
    await second.files.removeOlder(2);
    await writeStep(first.local, 9, 'late');
    await first.files.publish(1);
    expect(await third.files.restore(3)).toBe(true);
    expect(await readFile(join(third.local, 'history.jsonl'), 'utf8')).toBe('of the second');
    await third.files.deliver();
    expect(await readFile(join(root, 'run/history.jsonl'), 'utf8')).toBe('of the second');
    expect((await readdir(join(root, 'run/checkpoints'))).sort()).toEqual(['step-0000001', 'step-0000002']);
    expect(await readdir(join(root, 'run/queue'))).toEqual([]);
  });

  it('without a whole checkpoint are passed over, and what the trainer has removed goes', async () => {
    const { at } = await open();
    const [first, second, third] = [await at('a'), await at('b'), await at('c')];
    await writeStep(first.local, 1, 'whole');
    await write(join(first.local, 'samples/old.png'), '');
    await first.files.publish(1);
    await rm(join(first.local, 'samples'), { recursive: true });
    await first.files.publish(1);
    await write(join(second.local, 'checkpoints/step-0000002/weights.safetensors'), 'half');
    await second.files.publish(2);
    expect(await third.files.restore(3)).toBe(true);
    expect(await readdir(third.local)).not.toContain('samples');
    expect(await readFile(join(third.local, 'history.jsonl'), 'utf8')).toBe('whole');
  });
});

async function write(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}
