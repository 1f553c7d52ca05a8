import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  datasetFolders,
  datasets,
  findDataset,
  type PublishedDataset,
  type PullOptions,
  pullDataset,
  trainCommandFor,
} from '../../src/datasets/index.js';
import { answer, cutAfter, deafAddress, type FileServer, fileServer, servePage } from '../support/file-server.js';
import { temporaryFolder } from '../support/pictures.js';
import { zipBytes } from '../support/zip-bytes.js';

const images = { trainA: 3, trainB: 2, testA: 1, testB: 1 };
const paths = datasetFolders.flatMap(folder => Array.from({ length: images[folder] }, (_, i) => `${folder}/${i}.jpg`));
/** What the published archives look like: one folder on top, and what a Mac leaves behind. */
const archive = zipBytes([
  { name: 'cat2dog/' },
  ...paths.map(path => ({ name: `cat2dog/${path}`, content: `image ${path} `.repeat(50), deflate: true })),
  { name: 'cat2dog/.DS_Store', content: 'junk' },
  { name: '__MACOSX/cat2dog/trainA/._0.jpg', content: 'junk' },
  { name: 'cat2dog/run-me.sh', content: 'echo no image' },
]);

const dataset: PublishedDataset = {
  name: 'cat2dog',
  shows: ['cats', 'dogs'],
  pair: { id: 'dog-cat', a: 'B' },
  images,
  sizeBytes: archive.length,
  sha256: createHash('sha256').update(archive).digest('hex'),
  licence: 'For tests.',
};

async function place(): Promise<string> {
  return join(await temporaryFolder(), 'datasets', 'cat2dog');
}

const pullFrom = ({ base }: FileServer, out: string, more: PullOptions = {}) =>
  pullDataset(dataset, { base: `${base}cyclegan/`, out, firstDelayMs: 0, ...more });

/** Paths of all files below a folder. */
async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter(each => each.isFile())
    .map(each => join(each.parentPath, each.name).slice(folder.length + 1))
    .sort();
}

describe('a data set that is fetched', () => {
  test('lies in its folder with its images and where they came from, and nothing else lies beside it', async () => {
    const server = await fileServer(archive);
    const out = await place();
    const pulled = await pullFrom(server, out);
    const { sha256, sizeBytes } = dataset;
    const address = `${server.base}cyclegan/datasets/cat2dog.zip`;
    const origin = { kind: 'address', address, sha256, sizeBytes, resumedFromBytes: 0 };
    expect(pulled).toEqual({ name: 'cat2dog', folder: out, images, licence: 'For tests.', origin });
    expect(await filesIn(out)).toEqual([...paths, 'dataset.json'].sort());
    expect(await readFile(join(out, 'trainB/1.jpg'), 'utf8')).toContain('image trainB/1.jpg');
    expect(JSON.parse(await readFile(join(out, 'dataset.json'), 'utf8'))).toMatchObject({
      licence: 'For tests.',
      images,
      origin,
    });
    expect(await readdir(dirname(out))).toEqual(['cat2dog']);
  });

  test('is not fetched again when it is there, and what is there of something else is not touched', async () => {
    const server = await fileServer(archive);
    const out = await place();
    await pullFrom(server, out);
    expect(await pullFrom(server, out)).toMatchObject({ images, origin: { kind: 'present' } });
    expect(server.asked).toHaveLength(1);
    const other = join(dirname(out), 'other');
    await mkdir(join(other, 'trainA'), { recursive: true });
    await writeFile(join(other, 'trainA', 'mine.jpg'), 'mine');
    await expect(pullFrom(server, other)).rejects.toMatchObject({
      code: 'FILE_EXISTS',
      message: expect.stringMatching(/trainA has 1 images where 3 were published.*--out/),
    });
    expect(await filesIn(other)).toEqual(['trainA/mine.jpg']);
  });

  test('goes on after an interruption, and comes from a mirror where one is named', async () => {
    const [origin, mirror] = [await fileServer(archive), await fileServer(archive)];
    const out = await place();
    origin.misbehave(cutAfter(1100), answer(404));
    await expect(pullFrom(origin, out)).rejects.toMatchObject({ code: 'DOWNLOAD_FAILED' });
    expect((await readdir(dirname(out))).sort()).toEqual(['cat2dog.zip.part', 'cat2dog.zip.part.json']);
    const pulled = await pullFrom(origin, out, { mirrors: [mirror.base] });
    expect(pulled.origin).toMatchObject({ address: `${mirror.base}datasets/cat2dog.zip`, resumedFromBytes: 1100 });
    expect(origin.asked).toHaveLength(2);
  });

  test('is not fetched again when only the unpacking was interrupted; leftovers of the dead are removed', async () => {
    const server = await fileServer(archive);
    const out = await place();
    await mkdir(dirname(out));
    await writeFile(`${out}.zip`, archive);
    const left = join(dirname(out), '.cyclebox-@dataset.999999999@cat2dog-0123456789ab.tmp');
    await mkdir(left);
    expect((await pullFrom(server, out)).images).toEqual(images);
    expect(server.asked).toEqual([]);
    expect(await readdir(dirname(out))).toEqual(['cat2dog']);
  });

  test('that is another than the published one is refused, and a web page is told as one', async () => {
    const server = await fileServer(zipBytes([{ name: 'cat2dog/trainA/0.jpg', content: 'x'.repeat(archive.length) }]));
    const out = await place();
    server.misbehave(servePage);
    await expect(pullFrom(server, out)).rejects.toMatchObject({
      code: 'DOWNLOAD_MISMATCH',
      message: expect.stringMatching(/web page titled "Sign in to continue".*pull cat2dog --from cat2dog\.zip/),
    });
    await expect(pullFrom(server, out)).rejects.toMatchObject({ code: 'DOWNLOAD_MISMATCH' });
    expect(await filesIn(dirname(out))).toEqual([]);
  });

  test('of which nobody published a hash is pinned, and held to that from then on', async () => {
    const { sha256: _, sizeBytes: _size, images: _images, ...unknown } = dataset;
    const server = await fileServer(archive);
    const out = await place();
    const pull = (to: string) => pullDataset(unknown, { base: server.base, out: to, firstDelayMs: 0 });
    const pinnedIn = join(dirname(out), 'pinned-hashes.json');
    expect((await pull(out)).origin).toMatchObject({ sha256: dataset.sha256, pinnedIn });
    const again = await pull(`${out}-again`);
    expect(again.origin).toMatchObject({ kind: 'address', sha256: dataset.sha256 });
    expect(again.origin).not.toHaveProperty('pinnedIn');
    server.content = zipBytes([{ name: 'cat2dog/trainA/0.jpg', content: 'changed'.repeat(400) }]);
    await expect(pull(`${out}-third`)).rejects.toMatchObject({
      code: 'DOWNLOAD_MISMATCH',
      message: expect.stringContaining(`remove its entry from ${pinnedIn}`),
    });
  });

  test('without a network says what to download where, and what to do with it', async () => {
    const out = await place();
    await expect(pullDataset(dataset, { base: await deafAddress(), out })).rejects.toMatchObject({
      code: 'DOWNLOAD_FAILED',
      message: expect.stringMatching(
        /download http:\/\/127\.0\.0\.1:\d+\/datasets\/cat2dog\.zip \(0 MB, SHA-256 [0-9a-f]{64}\).*cyclebox dataset pull cat2dog --from cat2dog\.zip\.$/,
      ),
    });
  });
});

describe('a data set that is here', () => {
  test('is taken from an archive, which stays, and of which it is said whether it is the published one', async () => {
    const out = await place();
    const from = join(await temporaryFolder(), 'download.zip');
    await writeFile(from, archive);
    expect((await pullDataset(dataset, { from, out })).origin).toMatchObject({ kind: 'archive', isPublished: true });
    expect(await readFile(from)).toEqual(archive);
    await writeFile(from, zipBytes(paths.map(name => ({ name, content: name }))));
    const repacked = await pullDataset(dataset, { from, out: `${out}-2` });
    expect(repacked).toMatchObject({ images, origin: { kind: 'archive', isPublished: false } });
  });

  test('is taken from a folder, of the data set or around it', async () => {
    const from = await temporaryFolder();
    for (const path of [...paths, 'trainA/Thumbs.db', 'notes.txt']) {
      await mkdir(dirname(join(from, 'cat2dog', path)), { recursive: true });
      await writeFile(join(from, 'cat2dog', path), path);
    }
    for (const folder of [from, join(from, 'cat2dog')]) {
      const out = await place();
      expect(await pullDataset(dataset, { from: folder, out })).toMatchObject({ images, origin: { kind: 'folder' } });
      expect(await filesIn(out)).toEqual([...paths, 'dataset.json'].sort());
    }
  });

  test('must have all its images, unless other numbers are asked for', async () => {
    const out = await place();
    const from = join(await temporaryFolder(), 'some.zip');
    await writeFile(from, zipBytes(paths.slice(1).map(name => ({ name: `cat2dog/${name}`, content: name }))));
    await expect(pullDataset(dataset, { from, out })).rejects.toMatchObject({
      code: 'DATASET_INCOMPLETE',
      message: expect.stringMatching(/trainA has 2 images where 3 were published.*--any-count/),
    });
    expect(await readdir(dirname(out))).toEqual([]);
    expect((await pullDataset(dataset, { from, out, anyCount: true })).images).toEqual({ ...images, trainA: 2 });
    const again = await pullDataset(dataset, { from, out, anyCount: true });
    expect(again).toMatchObject({ images: { trainA: 2 }, origin: { kind: 'present' } });
  });

  test('must be there, hold images, and stay inside its folder', async () => {
    const out = await place();
    const from = join(await temporaryFolder(), 'a.zip');
    await expect(pullDataset(dataset, { from, out })).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
    await writeFile(from, zipBytes([{ name: 'readme.txt', content: 'nothing' }]));
    await expect(pullDataset(dataset, { from, out, anyCount: true })).rejects.toMatchObject({
      code: 'DATASET_INCOMPLETE',
    });
    await writeFile(from, zipBytes([{ name: '../../trainA/0.jpg', content: 'out' }]));
    await expect(pullDataset(dataset, { from, out })).rejects.toMatchObject({ code: 'ARCHIVE_UNSAFE' });
    expect(await filesIn(dirname(dirname(out)))).toEqual([]);
  });
});

describe('the published collection', () => {
  test('has the names of the reference, each with a licence, and hashes and numbers where they were recorded', () => {
    expect(datasets.map(({ name }) => name).sort()).toEqual([
      'ae_photos',
      'apple2orange',
      'cezanne2photo',
      'cityscapes',
      'facades',
      'horse2zebra',
      'iphone2dslr_flower',
      'maps',
      'monet2photo',
      'summer2winter_yosemite',
      'ukiyoe2photo',
      'vangogh2photo',
    ]);
    for (const { name, licence, sha256, sizeBytes, images: counted, withheld } of datasets) {
      expect(licence, name).toMatch(/\.$/);
      if (withheld !== undefined || name === 'ae_photos') continue;
      expect(sha256, name).toMatch(/^[0-9a-f]{64}$/);
      expect(sizeBytes, name).toBeGreaterThan(1e7);
      expect(
        Object.values(counted!).every(count => count > 50),
        name,
      ).toBe(true);
    }
    expect(new Set(datasets.map(({ sha256 }) => sha256)).size).toBe(11);
  });

  test('finds a misspelt name, and says of one that is withheld what to do', async () => {
    expect(() => findDataset('horse2zebras')).toThrow(
      expect.objectContaining({
        code: 'DATASET_NOT_FOUND',
        message: expect.stringMatching(/Did you mean "horse2zebra"/),
      }),
    );
    const withheld = pullDataset(findDataset('cityscapes'), { out: await place() });
    await expect(withheld).rejects.toMatchObject({
      code: 'DATASET_NOT_FOUND',
      message: expect.stringMatching(/Register at .*--from/),
    });
  });

  test('says how to train on it, with the domains in the order of the pair', () => {
    expect(trainCommandFor(dataset, 'my data')).toBe(
      'cyclebox train --pair dog-cat --a "my data/trainB" --b "my data/trainA" --test-a "my data/testB" --test-b "my data/testA" --out runs/dog-cat',
    );
    expect(trainCommandFor(findDataset('ae_photos'), 'x')).toBeUndefined();
  });
});
