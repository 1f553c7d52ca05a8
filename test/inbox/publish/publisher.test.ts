import { link, mkdir, readdir, readFile, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  DisposableStore,
  identify,
  type JobId,
  numbered,
  systemNaming,
  temporaryPathFor,
} from '../../../src/base/index.js';
import { probeLinks } from '../../../src/inbox/publish/outbox-probe.js';
import { foldName } from '../../../src/inbox/publish/output-names.js';
import type { OutputIdentity, Publisher, PublishRequest, PublishResult } from '../../../src/inbox/publish/publisher.js';
import { openPublisher, type PublisherOptions, wantedName } from '../../../src/inbox/publish/publisher-service.js';
import { temporaryFolder } from '../../support/pictures.js';

const policies = { onCollision: 'suffix', afterSuccess: 'keep' } as const;

let opened: DisposableStore;
let root: string;

beforeEach(async () => {
  opened = new DisposableStore();
  root = await temporaryFolder();
  for (const name of ['inbox', 'outbox', 'state']) await mkdir(join(root, name));
});
afterEach(() => opened.dispose());

async function publisherOf(more: Partial<PublisherOptions> = {}): Promise<Publisher> {
  const folders = { inbox: join(root, 'inbox'), outbox: join(root, 'outbox'), state: join(root, 'state') };
  return opened.add(await openPublisher({ ...folders, ...policies, ...more }));
}

async function drop(path: string, content: string) {
  const file = join(root, 'inbox', path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
  return { path, identity: (await identify(file))!, translation: 'shout' };
}

/** Publishes what a worker would have made of a source. */
async function publish(publisher: Publisher, source: Awaited<ReturnType<typeof drop>>, more: More = {}) {
  const { result = `made of ${source.path}`, ...request } = more;
  const temporary = publisher.temporaryFor(source.path);
  await mkdir(dirname(temporary), { recursive: true });
  await writeFile(temporary, result);
  const asked = { ...source, job: 'job' as JobId, version: 'v', temporary, wanted: source.path, onAttempt: () => {} };
  return publisher.publish({ ...asked, ...request });
}
type More = Partial<PublishRequest> & { readonly result?: string };

const outputOf = (result: PublishResult) => (result.kind === 'source-gone' ? '' : result.output);

/** Everything in a folder but the hidden folder that the daemons share. */
async function listed(folder = 'outbox'): Promise<string[]> {
  const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true });
  const files = entries.filter(entry => !entry.isDirectory()).map(entry => join(entry.parentPath, entry.name));
  const prefix = join(root, folder).length + 1;
  return files
    .map(file => file.slice(prefix))
    .filter(file => !file.startsWith('.cyclebox/'))
    .sort();
}

const read = (path: string) => readFile(join(root, path), 'utf8');

/** A file system without hard links, as exFAT and many shares are. */
const linkless = (code: string) => ({
  ...systemNaming,
  link: () => Promise.reject(Object.assign(new Error(`${code}: no links here`), { code })),
});

describe('a name that is taken', () => {
  it('gets a number by default, and nothing is overwritten', async () => {
    const publisher = await publisherOf();
    await writeFile(join(root, 'outbox/a.png'), 'foreign');
    expect(await publish(publisher, await drop('a.png', '1'))).toEqual({ kind: 'published', output: 'a (2).png' });
    expect(await publish(publisher, await drop('b.jpg', '2'), { wanted: 'a.png', result: 'B' })).toEqual({
      kind: 'published',
      output: 'a (3).png',
    });
    expect(await listed()).toEqual(['a (2).png', 'a (3).png', 'a.png']);
    expect(await read('outbox/a.png')).toBe('foreign');
  });

  it('is left alone by "skip"', async () => {
    const publisher = await publisherOf({ onCollision: 'skip' });
    await writeFile(join(root, 'outbox/a.png'), 'foreign');
    expect(await publish(publisher, await drop('a.png', '1'))).toEqual({ kind: 'skipped', output: 'a.png' });
    expect(await listed()).toEqual(['a.png']);
    expect(await read('outbox/a.png')).toBe('foreign');
  });

  it('is replaced whole by "overwrite", a link being replaced and not followed', async () => {
    const publisher = await publisherOf({ onCollision: 'overwrite' });
    await writeFile(join(root, 'elsewhere'), 'precious');
    await symlink(join(root, 'elsewhere'), join(root, 'outbox/a.png'));
    expect(await publish(publisher, await drop('a.png', '1'))).toEqual({ kind: 'published', output: 'a.png' });
    expect(await publish(publisher, await drop('b.jpg', '2'), { wanted: 'a.png', result: 'newest' })).toEqual({
      kind: 'published',
      output: 'a.png',
    });
    expect(await read('outbox/a.png')).toBe('newest');
    expect(await read('elsewhere')).toBe('precious');
    expect(await listed()).toEqual(['a.png']);
  });

  it('is a failure with "error", and the result is not lost with it', async () => {
    const publisher = await publisherOf({ onCollision: 'error' });
    await writeFile(join(root, 'outbox/a.png'), 'foreign');
    const source = await drop('a.png', '1');
    await expect(publish(publisher, source)).rejects.toMatchObject({
      code: 'FILE_EXISTS',
      message: expect.stringContaining('onCollision'),
    });
    expect(await read('outbox/a.png')).toBe('foreign');
  });

  it('is taken in other case and in other Unicode forms too', async () => {
    const publisher = await publisherOf();
    await publish(publisher, await drop('Größe.png', '1'));
    const decomposed = 'gro\u0308ße.PNG'.normalize('NFD');
    expect(await publish(publisher, await drop(decomposed, '2'))).toEqual({
      kind: 'published',
      output: numbered(decomposed, 2),
    });
    expect(await publish(publisher, await drop('Sub/a.png', '3'))).toMatchObject({ output: 'Sub/a.png' });
    expect(await publish(publisher, await drop('sub/A.png', '4'))).toMatchObject({ output: 'sub/A (2).png' });
  });

  it('is free again once its file was taken away', async () => {
    const publisher = await publisherOf();
    await publish(publisher, await drop('a.png', '1'));
    await unlink(join(root, 'outbox/a.png'));
    expect(await publish(publisher, await drop('a.png', 'two'))).toMatchObject({ output: 'a.png' });
  });

  it('can be asked for by many at once, and each gets its own', async () => {
    const publisher = await publisherOf();
    const sources = await Promise.all(Array.from({ length: 60 }, (_, i) => drop(`${i}.jpg`, `${i}`)));
    const results = await Promise.all(sources.map(source => publish(publisher, source, { wanted: 'a.png' })));
    expect(new Set(results.map(outputOf)).size).toBe(60);
    expect(await listed()).toHaveLength(60);
  });
});

describe('a name in another folder than the source’s', () => {
  it('is given in a folder that is made for it, with the numbers and policies of any name', async () => {
    const publisher = await publisherOf();
    for (const path of ['x/a.png', 'y/a.png']) {
      const source = await drop(path, path);
      const temporary = publisher.temporaryFor('a.png');
      await writeFile(temporary, path);
      await publish(publisher, source, { temporary, wanted: 'to/all/a.png' });
    }
    expect((await listed()).filter(path => path.startsWith('to/'))).toEqual(['to/all/a (2).png', 'to/all/a.png']);
  });

  it('is not given where a link leads', async () => {
    const publisher = await publisherOf();
    await symlink(await folder('elsewhere'), join(root, 'outbox/to'));
    const source = await drop('a.png', '1');
    await expect(publish(publisher, source, { wanted: 'to/all/a.png' })).rejects.toThrow('is a link');
    expect(await listed('elsewhere')).toEqual([]);
  });
});

describe('an outbox that is a link', () => {
  it('is published to where it leads', async () => {
    await rename(join(root, 'outbox'), join(root, 'real'));
    await symlink(join(root, 'real'), join(root, 'outbox'));
    const publisher = await publisherOf();
    for (const path of ['a.png', 'sub/a.png'])
      expect(await publish(publisher, await drop(path, path))).toEqual({ kind: 'published', output: path });
    expect(await listed('real')).toEqual(['a.png', 'sub/a.png']);
  });
});

describe('a folder in the outbox that is a link', () => {
  it('is not written through, wherever it leads, and not even looked into before the work is done', async () => {
    const publisher = await publisherOf();
    await mkdir(join(root, 'elsewhere'));
    await symlink(join(root, 'elsewhere'), join(root, 'outbox/sub'));
    const source = await drop('sub/deep/a.png', '1');
    const refusal = { code: 'WRITE_FAILED', message: expect.stringContaining('outbox/sub is a link') };
    await expect(publisher.requireFolders(source.path)).rejects.toMatchObject(refusal);
    const temporary = publisher.temporaryFor('a.png');
    await expect(publish(publisher, source, { temporary })).rejects.toMatchObject(refusal);
    expect(await listed('elsewhere')).not.toContain('deep/a.png');
    await rm(join(root, 'outbox/sub'));
    expect(await publish(publisher, source)).toMatchObject({ kind: 'published', output: 'sub/deep/a.png' });
  });

  for (const [how, onCollision] of [
    ['new', 'suffix'],
    ['replacing another', 'overwrite'],
  ] as const) {
    it(`is not written through when it takes a folder's place between the last look and the writing (${how})`, async () => {
      await mkdir(join(root, 'elsewhere/deep'), { recursive: true });
      await writeFile(join(root, 'elsewhere/deep/a.png'), 'precious');
      let isToBeSwapped = false;
      const swap = async () => {
        if (!isToBeSwapped) return;
        isToBeSwapped = false;
        await rename(join(root, 'outbox/sub'), join(root, 'aside'));
        await symlink(join(root, 'elsewhere'), join(root, 'outbox/sub'));
      };
      const calls = {
        link: (from: string, to: string) => swap().then(() => systemNaming.link(from, to)),
        rename: (from: string, to: string) => swap().then(() => systemNaming.rename(from, to)),
      };
      const publisher = await publisherOf({ calls, onCollision });
      if (how !== 'new') await publish(publisher, await drop('sub/deep/a.jpg', '1'), { wanted: 'sub/deep/a.png' });
      isToBeSwapped = true;
      const source = await drop('sub/deep/a.png', '2');
      const refusal = { code: 'WRITE_FAILED', message: expect.stringContaining('is a link') };
      await expect(publish(publisher, source)).rejects.toMatchObject(refusal);
      expect(isToBeSwapped).toBe(false);
      expect(await listed('elsewhere')).toEqual(['deep/a.png']);
      expect(await read('elsewhere/deep/a.png')).toBe('precious');
      expect((await listed('aside')).filter(name => !name.includes('.tmp'))).toEqual([]);
    });
  }
});

describe('names', () => {
  it('of 255 bytes keep their extension and lose whole characters for the number', async () => {
    const publisher = await publisherOf();
    const long = `${'🦓'.repeat(62)}abc.png`;
    expect(Buffer.byteLength(long)).toBe(255);
    await publish(publisher, await drop(long, '1'));
    const output = outputOf(await publish(publisher, await drop(long, 'two'), { result: 'two' }));
    expect(output).toBe(`${'🦓'.repeat(61)} (2).png`);
    expect(Buffer.byteLength(output)).toBeLessThanOrEqual(255);
    expect(await listed()).toHaveLength(2);
  });

  it('with newlines and emoji are published as they are', async () => {
    const publisher = await publisherOf();
    for (const name of ['two\nlines.png', '👩‍👩‍👧 family.png', ' spaces .png', '"quoted\\".png', 'noextension']) {
      expect(await publish(publisher, await drop(name, name), { result: name })).toEqual({
        kind: 'published',
        output: name,
      });
    }
  });

  it('stand where their sources stand', () => {
    expect(wantedName('a.jpg', 'a.png')).toBe('a.png');
    expect(wantedName('x/y/a.jpg', 'a.png')).toBe('x/y/a.png');
  });

  it('fit the file system and stay apart, whatever the name and number', () => {
    const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 120 }).map(text => text.replaceAll('/', '_'));
    fc.assert(
      fc.property(name, fc.integer({ min: 1, max: 99_999 }), fc.integer({ min: 1, max: 99_999 }), (text, a, b) => {
        const fits = (number: number) => Buffer.byteLength(numbered(text, number)) <= 255;
        expect(fits(a) && fits(b)).toBe(true);
        expect(isWhole(numbered(text, a))).toBe(isWhole(text));
        if (a !== b) expect(foldName(numbered(text, a))).not.toBe(foldName(numbered(text, b)));
      }),
    );
  });

  it('are the same for us when any form or case makes them the same', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), text => {
        const forms = ['NFC', 'NFD'].map(form => foldName(text.normalize(form)));
        expect(new Set([...forms, foldName(text)]).size).toBe(1);
        expect(foldName(foldName(text))).toBe(foldName(text));
      }),
      { examples: [['STRAẞE.png'], ['İ'], ['ΌΣΟΣ']] },
    );
    expect(foldName('STRAẞE.png')).toBe(foldName('strasse.png'));
  });

  it('given to any sequence of sources never fold to one, and lose no output', async () => {
    const wanted = fc.constantFrom(
      'a.png',
      'A.PNG',
      'ä.png',
      'a\u0308.png',
      'Ä.png',
      'a (2).png',
      'x/a.png',
      'X/a.png',
    );
    const runs = fc.array(wanted, { minLength: 1, maxLength: 12 });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(runs, async names => {
        const outbox = join(root, 'outboxes', `${run++}`);
        await mkdir(outbox, { recursive: true });
        const publisher = await openPublisher({
          ...policies,
          inbox: join(root, 'inbox'),
          outbox,
          state: join(root, 'state'),
        });
        const outputs: string[] = [];
        for (const [index, name] of names.entries()) {
          const source = await drop(join(dirname(name), `${index}.jpg`), `${index}`);
          outputs.push(outputOf(await publish(publisher, source, { wanted: name, result: `${index}` })));
        }
        await publisher.dispose();
        expect(new Set(outputs.map(foldName)).size).toBe(names.length);
        for (const [index, output] of outputs.entries())
          expect(await readFile(join(outbox, output), 'utf8')).toBe(`${index}`);
      }),
      { numRuns: 25 },
    );
  });
});

describe('an outbox without hard links', () => {
  for (const code of ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'EISDIR']) {
    it(`is published to all the same (${code}), and says so`, async () => {
      const publisher = await publisherOf({ calls: linkless(code) });
      expect(publisher.status).toMatchObject({ hasLinks: false, hasLedger: true });
      expect(publisher.status.warnings).toEqual([expect.stringContaining('does not support hard links')]);
      await writeFile(join(root, 'outbox/a.png'), 'foreign');
      expect(await publish(publisher, await drop('a.png', '1'))).toMatchObject({ output: 'a (2).png' });
      expect(await listed()).toEqual(['a (2).png', 'a.png']);
      expect(await read('outbox/a.png')).toBe('foreign');
    });
  }

  it('keeps a name from a foreign program that wants it at the same instant', async () => {
    const told: string[] = [];
    const calls = {
      ...linkless('EPERM'),
      async rename(from: string, to: string) {
        const foreign = writeFile(to, 'foreign', { flag: 'wx' });
        await foreign.catch((error: NodeJS.ErrnoException) => told.push(error.code!));
        await rename(from, to);
      },
    };
    const publisher = await publisherOf({ calls });
    expect(await publish(publisher, await drop('a.png', '1'))).toEqual({ kind: 'published', output: 'a.png' });
    expect(told).toEqual(['EEXIST']);
    expect(await read('outbox/a.png')).toBe('made of a.png');
  });

  it('is left without the empty file of a crash between the two steps, and with that of anybody else', async () => {
    const publisher = await publisherOf({ calls: linkless('EPERM') });
    const source = await drop('a.png', '1');
    const temporary = publisher.temporaryFor('a.png');
    await writeFile(temporary, 'result');
    const mark = (await identify(temporary))!;
    await writeFile(join(root, 'outbox/a.png'), '');
    await writeFile(join(root, 'outbox/b.png'), '');
    const job = { ...source, job: 'job' as JobId, version: 'v', temporary, output: 'a.png', mark };
    expect(await publisher.recover(job)).toBeUndefined();
    expect(await listed()).toEqual(['b.png']);
  });

  it('is told from one whose links are copies, or whose links overwrite', async () => {
    const copies = { ...systemNaming, link: async (a: string, b: string) => writeFile(b, await readFile(a)) };
    const overwrites = {
      ...systemNaming,
      link: (a: string, b: string) =>
        unlink(b)
          .catch(() => {})
          .then(() => link(a, b)),
    };
    expect(await probeLinks(join(root, 'outbox'), 'o', copies)).toBe(false);
    expect(await probeLinks(join(root, 'outbox'), 'o', overwrites)).toBe(false);
    expect(await probeLinks(join(root, 'outbox'), 'o')).toBe(true);
    expect(await listed()).toEqual([]);
  });

  it('is noticed even when only a folder in it has none', async () => {
    let linksLeft = 2;
    const calls = {
      ...systemNaming,
      link: (a: string, b: string) => (linksLeft-- > 0 ? link(a, b) : linkless('EPERM').link()),
    };
    const publisher = await publisherOf({ calls });
    expect(publisher.status.hasLinks).toBe(true);
    expect(await publish(publisher, await drop('a.png', '1'))).toMatchObject({ kind: 'published', output: 'a.png' });
    expect(publisher.status.hasLinks).toBe(false);
  });
});

describe('an outbox that fails', () => {
  it('says so in the probe and in the publishing, and the result stays for another try', async () => {
    const full = { ...systemNaming, link: () => Promise.reject(Object.assign(new Error('full'), { code: 'ENOSPC' })) };
    const publisher = await publisherOf({ calls: full });
    await expect(publisher.probe()).rejects.toMatchObject({ code: 'WRITE_FAILED', cause: { code: 'ENOSPC' } });
    await expect(publish(publisher, await drop('a.png', '1'))).rejects.toMatchObject({
      code: 'WRITE_FAILED',
      cause: { code: 'ENOSPC' },
    });
    expect((await listed()).filter(name => !name.startsWith('.cyclebox-'))).toEqual([]);
  });

  it('with a damaged ledger begins a new one', async () => {
    await mkdir(join(root, 'outbox/.cyclebox'));
    await writeFile(join(root, 'outbox/.cyclebox/published.sqlite'), 'this is no database but a sentence '.repeat(200));
    const publisher = await publisherOf();
    expect(publisher.status).toMatchObject({ hasLedger: true, warnings: [] });
    expect(await publish(publisher, await drop('a.png', '1'))).toMatchObject({ output: 'a.png' });
  });

  it('without a ledger still publishes without overwriting', async () => {
    await writeFile(join(root, 'outbox/.cyclebox'), 'a file in its place');
    const publisher = await publisherOf();
    expect(publisher.status.hasLedger).toBe(false);
    await mkdir(join(root, 'outbox'), { recursive: true });
    await writeFile(join(root, 'outbox/a.png'), 'foreign');
    expect(await publish(publisher, await drop('a.png', '1'))).toMatchObject({ output: 'a (2).png' });
  });
});

describe('a source that was published before', () => {
  it('is known to another daemon with its own state, even after its output was taken away', async () => {
    const [one, two] = [await publisherOf(), await publisherOf({ state: await folder('state2') })];
    const source = await drop('a.png', '1');
    expect(await two.publishedBefore(source)).toBeUndefined();
    await publish(one, source);
    expect(await two.publishedBefore(source)).toEqual({ output: 'a.png' });
    expect(await publish(two, source, { result: 'other bytes' })).toEqual({ kind: 'elsewhere', output: 'a.png' });
    await unlink(join(root, 'outbox/a.png'));
    expect(await publish(two, source)).toEqual({ kind: 'elsewhere', output: 'a.png' });
    expect(await listed()).toEqual([]);
  });

  it('is another one when it has changed, and may be asked for anew', async () => {
    const publisher = await publisherOf();
    const source = await drop('a.png', '1');
    await publish(publisher, source);
    expect(await publish(publisher, source, { redo: true, result: 'by a new model' })).toMatchObject({
      kind: 'published',
      output: 'a (2).png',
    });
    expect(await publish(publisher, await drop('a.png', 'longer'))).toMatchObject({ output: 'a (3).png' });
  });

  it('is published once by two daemons at once, hundred times over', async () => {
    const [one, two] = [await publisherOf(), await publisherOf({ state: await folder('state2') })];
    const sources = await Promise.all(Array.from({ length: 100 }, (_, i) => drop(`${i}.png`, `${i}`)));
    const both = await Promise.all(
      sources.flatMap(source =>
        [one, two].map(publisher => publish(publisher, source, { result: `${Math.random()}` })),
      ),
    );
    expect(both.filter(result => result.kind === 'published')).toHaveLength(100);
    expect(both.filter(result => result.kind === 'elsewhere')).toHaveLength(100);
    expect(await listed()).toHaveLength(100);
  });

  it('is recognised by its bytes when its publisher died before writing it down', async () => {
    const publisher = await publisherOf();
    await writeFile(join(root, 'outbox/a.png'), 'made of a.png');
    const source = await drop('a.png', '1');
    expect(await publish(publisher, source)).toEqual({ kind: 'elsewhere', output: 'a.png' });
    expect(await publisher.publishedBefore(source)).toEqual({ output: 'a.png' });
    // The same bytes from a source known to be another are another output.
    expect(await publish(publisher, await drop('b.jpg', '1'), { wanted: 'a.png', result: 'made of a.png' })).toEqual({
      kind: 'published',
      output: 'a (2).png',
    });
  });
});

describe('what the outbox remembers', () => {
  it('is forgotten with time, of sources that are gone and of no others', async () => {
    const publisher = await publisherOf();
    const [here, gone] = [await drop('here\n.png', '1'), await drop('gone.png', '2')];
    for (const source of [here, gone]) await publish(publisher, source);
    await unlink(join(root, 'inbox/gone.png'));
    expect(await publisher.forget(Date.now() - 60_000)).toBe(0);
    expect(await publisher.forget(Date.now() + 60_000)).toBe(1);
    expect(await publisher.publishedBefore(here)).toEqual({ output: here.path });
    expect(await publisher.publishedBefore(gone)).toBeUndefined();
  });

  it('is begun anew when its folder was removed, once the outbox is probed', async () => {
    const publisher = await publisherOf();
    const source = await drop('a.png', '1');
    await publish(publisher, source);
    await rm(join(root, 'outbox/.cyclebox'), { recursive: true });
    await rm(join(root, 'outbox/a.png'));
    expect(await publisher.probe()).toMatchObject({ hasLedger: true });
    expect(await publisher.publishedBefore(source)).toBeUndefined();
    await publish(publisher, source);
    const other = await publisherOf({ state: await folder('state2') });
    expect(await other.publishedBefore(source)).toEqual({ output: 'a.png' });
  });
});

describe('after a crash', () => {
  /** A publishing that ends at a step, as a killed process would: what the journal knew of it then. */
  async function interrupted(step: 'named' | 'linked' | 'moved away' | 'recorded', wanted = 'a.png') {
    const publisher = await publisherOf();
    const source = await drop('a.png', '1');
    const temporary = publisher.temporaryFor('a.png');
    await writeFile(temporary, 'A');
    let noted: { output: string; mark: OutputIdentity } | undefined;
    const onAttempt = (output: string, mark: OutputIdentity) => {
      noted = { output, mark };
      if (step === 'named') throw new Error('killed');
    };
    const request = { ...source, job: 'job' as JobId, version: 'v', temporary, wanted, onAttempt };
    if (step === 'linked') {
      onAttempt(wanted, (await identify(temporary))!);
      await mkdir(dirname(join(root, 'outbox', wanted)), { recursive: true });
      await link(temporary, join(root, 'outbox', wanted));
    } else await publisher.publish(request).catch(() => {});
    if (step === 'moved away') await rename(join(root, 'outbox/a.png'), join(root, 'taken.png'));
    await publisher.dispose();
    return { ...source, job: request.job, version: 'v', temporary, ...noted };
  }

  it('before the link, the job runs again and its temporary is gone', async () => {
    const job = await interrupted('named');
    const publisher = await publisherOf();
    expect(await publisher.recover(job)).toBeUndefined();
    expect(await listed()).toEqual([]);
    expect(await publisher.publishedBefore(job)).toBeUndefined();
  });

  it('behind the link, the publishing is completed', async () => {
    const job = await interrupted('linked');
    const publisher = await publisherOf();
    expect(await publisher.recover(job)).toBe('a.png');
    expect(await listed()).toEqual(['a.png']);
    expect(await publisher.publishedBefore(job)).toEqual({ output: 'a.png' });
  });

  it('both hold of an output in another folder than its temporary’s, as a template has it', async () => {
    const named = await interrupted('named', 'to/x/b.png');
    const publisher = await publisherOf();
    expect(await publisher.recover(named)).toBeUndefined();
    expect(await listed()).toEqual([]);
    await publisher.dispose();
    const linked = await interrupted('linked', 'to/y/b.png');
    const next = await publisherOf();
    expect(await next.recover(linked)).toBe('to/y/b.png');
    expect(await listed()).toEqual(['to/y/b.png']);
    expect(await next.publishedBefore(linked)).toEqual({ output: 'to/y/b.png' });
  });

  it('before the journal knew it as done, it is done, even if somebody took the output away meanwhile', async () => {
    const job = await interrupted('recorded');
    const publisher = await publisherOf();
    expect(await publisher.recover(job)).toBe('a.png');
    await publisher.dispose();
    await rm(join(root, 'outbox'), { recursive: true });
    await rm(join(root, 'state'), { recursive: true });
    await mkdir(join(root, 'outbox'));
    await mkdir(join(root, 'state'));
    const taken = await interrupted('moved away');
    expect(await (await publisherOf()).recover(taken)).toBe('a.png');
    expect(await listed()).toEqual([]);
  });

  it('a foreign file of the same name is not taken for the output', async () => {
    const job = await interrupted('named');
    await writeFile(join(root, 'outbox/a.png'), 'foreign');
    expect(await (await publisherOf()).recover(job)).toBeUndefined();
    expect(await listed()).toEqual(['a.png']);
  });
});

describe('temporaries', () => {
  it('of earlier lives and of dead daemons are swept; of living ones, and of nobody, they are not', async () => {
    const dead = await publisherOf();
    const stale = [dead.temporaryFor('a.png'), dead.temporaryFor('x/y/b.png')];
    const other = await publisherOf({ state: await folder('state2') });
    const gone = await publisherOf({ state: await folder('state3') });
    const [living, orphan] = [other.temporaryFor('c.png'), gone.temporaryFor('d\n.png')];
    await dead.dispose();
    await gone.dispose();
    const nobodys = temporaryPathFor(join(root, 'outbox/e.png'));
    for (const file of [...stale, living, orphan, nobodys]) {
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, 'half');
    }
    const publisher = await publisherOf();
    const own = publisher.temporaryFor('f.png');
    await writeFile(own, 'half');
    expect(await publisher.sweep()).toBe(3);
    const left = [living, nobodys, own].map(file => file.slice(join(root, 'outbox').length + 1));
    expect(await listed()).toEqual(left.sort());
  });

  it('have another owner when the state folder is a copy of one in use', async () => {
    const one = await publisherOf();
    const copy = await folder('copy');
    await writeFile(join(copy, 'publisher-id'), await read('state/publisher-id'));
    const two = await publisherOf({ state: copy });
    await writeFile(one.temporaryFor('a.png'), 'half');
    expect(await two.sweep()).toBe(0);
    expect(await read('copy/publisher-id')).not.toBe(await read('state/publisher-id'));
  });
});

async function folder(name: string): Promise<string> {
  await mkdir(join(root, name), { recursive: true });
  return join(root, name);
}

/** False when a character was cut in two. */
function isWhole(text: string): boolean {
  return Buffer.from(text).toString() === text;
}
