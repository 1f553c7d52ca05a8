import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findDataset } from '../../../src/datasets/index.js';
import { temporaryFolder } from '../../support/pictures.js';
import { cyclebox } from '../../support/project.js';
import { zipBytes } from '../../support/zip-bytes.js';

/** An archive with as many files in each folder as facades has; they hold their names. */
async function facades(folder: string): Promise<string> {
  const { images } = findDataset('facades');
  const names = Object.entries(images!).flatMap(([name, count]) =>
    Array.from({ length: count }, (_, i) => `facades/${name}/${i}.jpg`),
  );
  const path = join(folder, 'facades.zip');
  await writeFile(path, zipBytes(names.map(name => ({ name, content: name }))));
  return path;
}

describe('cyclebox dataset', () => {
  test('list names every data set with images, size and licence; --json has the addresses', async () => {
    const folder = await temporaryFolder();
    const { out, code } = await cyclebox(folder, 'dataset', 'list').ended;
    expect(code).toBe(0);
    expect(out).toMatch(
      /^horse2zebra {2}A: horses, B: zebras {2}\(117 MB\)\n {2}images: 1067 trainA, .*\n {2}licence: .*ImageNet/m,
    );
    expect(out).toMatch(/^cityscapes .*cannot be fetched/m);
    const json = JSON.parse((await cyclebox(folder, 'dataset', 'list', '--json').ended).out);
    expect(json.datasets[0]).toMatchObject({
      name: 'horse2zebra',
      address: 'https://efrosgans.eecs.berkeley.edu/cyclegan/datasets/horse2zebra.zip',
      images: { trainA: 1067 },
    });
  });

  test('pull tells the licence first, then where the images are and how to train on them', async () => {
    const folder = await temporaryFolder();
    await facades(folder);
    const { out, err, code } = await cyclebox(folder, 'dataset', 'pull', 'facades', '--from', 'facades.zip').ended;
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const place = join('datasets', 'facades');
    expect(out.indexOf('licence: From the CMP Facade Database')).toBeGreaterThan(0);
    expect(out.indexOf('licence:')).toBeLessThan(out.indexOf(`${place}: 400 trainA, 400 trainB, 106 testA, 106 testB`));
    expect(out).toContain('another archive than the one that was published');
    expect(out).toContain(`to train: cyclebox train --pair facade-label --a ${join(place, 'trainA')} --b `);
    expect((await readdir(join(folder, place, 'testB'))).length).toBe(106);
  });

  test('--json is one document, with the licence on stderr before it', async () => {
    const folder = await temporaryFolder();
    await facades(folder);
    const args = ['dataset', 'pull', 'facades', '--from', 'facades.zip', '--out', 'here', '--json'];
    const { out, err, code } = await cyclebox(folder, ...args).ended;
    expect(code).toBe(0);
    expect(err).toMatch(/^licence: /);
    expect(JSON.parse(out)).toMatchObject({
      name: 'facades',
      folder: expect.stringMatching(/here$/),
      images: { trainA: 400, trainB: 400, testA: 106, testB: 106 },
      origin: { kind: 'archive', isPublished: false },
      train: expect.stringMatching(/^cyclebox train --pair facade-label /),
    });
  });

  test('refuses unknown names, and a mirror for what is here, with code 2; what is incomplete with 1', async () => {
    const folder = await temporaryFolder();
    const unknown = await cyclebox(folder, 'dataset', 'pull', 'horse2zebr').ended;
    expect(unknown).toMatchObject({ code: 2, err: expect.stringMatching(/^DATASET_NOT_FOUND: .*Did you mean/) });
    const args = ['dataset', 'pull', 'horse2zebra', '--from', '.', '--mirror', 'http://a.example/'];
    expect(await cyclebox(folder, ...args).ended).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^USAGE: --from/),
    });
    await mkdir(join(folder, 'some', 'trainA'), { recursive: true });
    await writeFile(join(folder, 'some', 'trainA', '1.jpg'), 'x');
    const some = await cyclebox(folder, 'dataset', 'pull', 'horse2zebra', '--from', 'some').ended;
    expect(some).toMatchObject({ code: 1, err: expect.stringMatching(/^DATASET_INCOMPLETE: .*trainA has 1 images/) });
  });
});
