/** What results of `cyclebox translate` are like and are called, and weight files that need to be told more: as a user calls it. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { bytesAsSource } from '../../../src/image/byte-source.js';
import { decodeImage, encodeImage } from '../../../src/image/index.js';
import { readTiff } from '../../../src/image/tiff-directory.js';
import { colourProfile, withIcc } from '../../support/colour-profiles.js';
import { temporaryFolder, testPicture, testSharp } from '../../support/pictures.js';
import { cyclebox } from '../../support/project.js';
import { resnetShapes, stateDictFile, unknownDescription, unknownShapes } from '../../support/state-dict-file.js';
import { writeTinyOnnx } from '../../support/tiny-onnx.js';

async function workplace() {
  const folder = await temporaryFolder();
  await writeTinyOnnx(join(folder, 'm.onnx'), { kind: 'identity' });
  await mkdir(join(folder, 'photos'));
  const run = (...args: string[]) => cyclebox(folder, 'translate', ...args, '--engine', 'cpu').ended;
  return { folder, run };
}

/** As the TIFF says it: 5 is LZW. */
async function compressionOf(tiff: string): Promise<number | undefined> {
  const file = await readTiff(bytesAsSource(await readFile(tiff)));
  return file?.directories[0]?.number(259);
}

describe('results of translate', () => {
  test('have the format, depth, space and name that are asked for', async () => {
    const { folder, run } = await workplace();
    const wide = withIcc(await testSharp().toColourspace('rgb16').png().toBuffer(), await colourProfile('p3'));
    await writeFile(join(folder, 'photos', 'a.png'), wide);
    const args = ['photos/a.png', '--model', 'm.onnx', '--colour', 'source', '--name', '{parent}/{stem}-{width}'];
    expect(await run(...args, '--format', 'tiff', '--compression', 'lzw')).toMatchObject({ code: 0, err: '' });
    const output = join(folder, 'translated', 'photos', 'a-48.tif');
    const metadata = await sharp(output).metadata();
    expect(metadata).toMatchObject({ format: 'tiff', depth: 'ushort', space: 'rgb16' });
    expect(await compressionOf(output)).toBe(5);
    expect(metadata.icc).toEqual(await colourProfile('p3'));
    const values = (image: string | Buffer) =>
      sharp(image, { ignoreIcc: true }).toColourspace('rgb16').raw({ depth: 'ushort' });
    expect((await values(output).toBuffer()).equals(await values(wide).toBuffer())).toBe(true);
  });

  test('of a pair are as its manifest says, unless something else is asked for', async () => {
    const { folder, run } = await workplace();
    await testSharp().png().toFile(join(folder, 'a.png'));
    const output = { format: 'webp', lossless: true, name: '{stem}-as-{to}{ext}' };
    const pair = { id: 'cat-dog', domains: ['cat', 'dog'], models: { dog: { path: 'm.onnx' } }, output };
    await mkdir(join(folder, 'cat-dog'));
    await writeTinyOnnx(join(folder, 'cat-dog', 'm.onnx'), { kind: 'identity' });
    const engines = { cyclebox: '^1.0.0' };
    const manifest = { name: 'cat-dog', version: '1.0.0', engines, contributes: { domainPairs: [pair] } };
    await writeFile(join(folder, 'cat-dog', 'package.json'), JSON.stringify(manifest));
    const toDog = ['a.png', '--pair', 'cat-dog', '--to', 'dog', '--plugins', 'cat-dog'];
    expect(await run(...toDog)).toMatchObject({ code: 0, err: '' });
    expect(await run(...toDog, '--format', 'png', '--name', '{from}-{to}-{stem}{ext}')).toMatchObject({ code: 0 });
    expect((await readdir(join(folder, 'translated'))).sort()).toEqual(['a-as-dog.webp', 'cat-dog-a.png']);
    const { rgb } = await decodeImage(join(folder, 'translated', 'a-as-dog.webp'));
    expect(rgb).toEqual(Buffer.from(testPicture(48, 32).rgb));
  });

  test('that cannot be are refused before anything is opened, with what can', async () => {
    const { run } = await workplace();
    const refused = async (...args: string[]) => {
      const { code, err } = await run('a.png', '--model', 'm.onnx', ...args);
      expect(code).toBe(2);
      return err;
    };
    expect(await refused('--name', '{stme}')).toMatch(/USAGE: --name "\{stme\}".*Did you mean "stem"\?/);
    expect(await refused('--name', '../{stem}')).toMatch(/lead elsewhere/);
    expect(await refused('--format', 'png', '--quality', '80')).toMatch(/--quality is for jpeg, webp, avif/);
    expect(await refused('--format', 'jpeg', '--depth', '16')).toMatch(/--depth of 16 bits is for png and tiff/);
    expect(await refused('--compression', 'zip')).toMatch(/0 to 9 \(PNG\), none, lzw, deflate \(TIFF\)/);
  });
});

describe('translate --model', () => {
  test('takes the weights of an unknown network with a description that is named', async () => {
    const { folder, run } = await workplace();
    await writeFile(join(folder, 'net.pth'), stateDictFile(unknownShapes));
    await writeFile(join(folder, 'layers.json'), JSON.stringify(unknownDescription));
    await writeFile(join(folder, 'a.png'), await encodeImage(testPicture(40, 30), { format: 'png' }));
    const args = ['a.png', '--model', 'net.pth'];
    expect((await run(...args)).err).toContain('--architecture FILE');
    expect(await run(...args, '--architecture', 'layers.json')).toMatchObject({ code: 0, err: '' });
    expect(await decodeImage(join(folder, 'translated', 'a.png'))).toMatchObject({ width: 40, height: 30 });
    expect((await run(...args, '--architecture', 'nowhere.json')).err).toContain('FILE_NOT_FOUND');
  });

  test('takes one of several networks of a file by its name', async () => {
    const { folder, run } = await workplace();
    const both = ['G_A', 'G_B'].flatMap(name =>
      resnetShapes.map(([key, shape]) => [`${name}.${key.slice(6)}`, shape] as const),
    );
    await writeFile(join(folder, 'both.pth'), stateDictFile(both));
    await writeFile(join(folder, 'a.png'), await encodeImage(testPicture(40, 30), { format: 'png' }));
    const args = ['a.png', '--model', 'both.pth'];
    expect((await run(...args)).err).toContain('holds the generators G_A and G_B. Name one with --network');
    expect(await run(...args, '--network', 'G_B')).toMatchObject({ code: 0, err: '' });
    expect((await run(...args, '--network', 'G_C')).err).toContain('no network "G_C"');
    const pair = ['a.png', '--pair', 'horse-zebra', '--to', 'zebra', '--network', 'G_B'];
    expect(await run(...pair)).toMatchObject({ code: 2, err: expect.stringContaining('for a model file') });
  });
});
