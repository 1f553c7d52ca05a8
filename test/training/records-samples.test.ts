import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { columnsOf, readHistory } from '../../src/training/records/index.js';
import { keptSteps, SampleFolder } from '../../src/training/records/sample-folder.js';
import { temporaryFolder } from '../support/pictures.js';
import { colourGrid, cutColumns, description, openRecorder, plainImage } from './recorded-run.js';

async function pixel(path: string, x: number, y: number): Promise<number[]> {
  const { data, info } = await sharp(path).raw().toBuffer({ resolveWithObject: true });
  return [...data.subarray((y * info.width + x) * info.channels, (y * info.width + x) * info.channels + 3)];
}

describe('a sample grid', () => {
  it('is written as a sheet, and each picture as a file of its own with the very pixels', async () => {
    const out = await temporaryFolder();
    const { sheet, thumbnail, files, columns } = await new SampleFolder(out).write(500, colourGrid(500));
    expect([sheet, thumbnail, columns]).toEqual([
      'samples/step-0000500.png',
      'samples/step-0000500/sheet.webp',
      cutColumns,
    ]);
    expect(files).toEqual([
      ['01-a', '01-fake-b', '01-identity-b'].map(name => `samples/step-0000500/${name}.png`),
      ['02-a', '02-fake-b', '02-identity-b'].map(name => `samples/step-0000500/${name}.png`),
    ]);
    expect((await readdir(join(out, 'samples', 'step-0000500'))).sort()).toEqual(
      [...files.flat().map(file => file.split('/').at(-1)), 'sheet.webp'].sort(),
    );
    expect(await pixel(join(out, files[1]![1]!), 7, 7)).toEqual([0, 200, 500 % 256]);
    expect(await sharp(join(out, files[0]![0]!)).metadata()).toMatchObject({ width: 8, height: 8 });
  });

  it('has the titles of its columns above the pictures of the sheet', async () => {
    const out = await temporaryFolder();
    const { sheet } = await new SampleFolder(out).write(1, colourGrid(1, 64));
    const { width, height } = await sharp(join(out, sheet)).metadata();
    expect([width, height]).toEqual([3 * 66 - 2, 18 + 2 * 66 - 2]);
    expect(await pixel(join(out, sheet), 0, 18)).toEqual([255, 10, 0]);
    expect(await pixel(join(out, sheet), 64, 18)).toEqual([255, 255, 255]);
    expect(await pixel(join(out, sheet), 2 * 66, 18 + 66)).toEqual([200, 0, 255]);
    const caption = await sharp(join(out, sheet))
      .extract({ left: 0, top: 0, width: width, height: 18 })
      .greyscale()
      .stats();
    expect(caption.channels[0]!.max).toBe(255);
  });

  it('takes grey and oblong pictures and pictures of different sizes', async () => {
    const out = await temporaryFolder();
    const grey = { shape: [1, 1, 2, 4], data: new Float32Array(8).fill(1) };
    const columns = [
      { key: 'image', title: 'image' },
      { key: 'truth', title: 'truth' },
    ];
    const rows = [{ image: grey, truth: plainImage([1, 2, 3], 6, 3) }];
    const { sheet, thumbnail, files } = await new SampleFolder(out).write(3, { columns, rows });
    expect(await pixel(join(out, files[0]![0]!), 3, 1)).toEqual([255, 255, 255]);
    expect(await sharp(join(out, sheet)).metadata()).toMatchObject({ width: 14, height: 18 + 3 });
    expect(await sharp(join(out, thumbnail)).metadata()).toMatchObject({ width: 12, height: 3 });
  });

  it("has the domains' own names where titles say A and B", () => {
    const titles = (...all: string[]) => all.map(title => ({ key: 'key', title }));
    expect(columnsOf(titles('A → B → A', 'B', 'BAD'), ['$&', 'zebra'])).toEqual(
      titles('$& → zebra → $&', 'zebra', 'BAD'),
    );
  });

  it('names the column whose tensor is missing or no image', async () => {
    const folder = new SampleFolder(await temporaryFolder());
    const columns = [{ key: 'fakeB', title: '' }];
    await expect(folder.write(1, { columns, rows: [{}] })).rejects.toThrow('sample column fakeB');
    const flat = { shape: [3, 4], data: new Float32Array(12) };
    await expect(folder.write(1, { columns, rows: [{ fakeB: flat }] })).rejects.toThrow('[3,4]');
  });

  it('says which folder cannot be written', async () => {
    const out = await temporaryFolder();
    await writeFile(join(out, 'samples'), 'a file in the way');
    await expect(new SampleFolder(out).write(1, colourGrid(1))).rejects.toMatchObject({
      code: 'WRITE_FAILED',
      subject: { file: join(out, 'samples/step-0000001') },
    });
  });
});

describe('sample grids over time', () => {
  const steps = [1, 500, 1000, 1500, 2000, 2500, 3000, 3100];

  it.each([
    [{ last: 2, everySteps: 1000 }, [1, 1000, 2000, 3000, 3100]],
    [{ last: 1, everySteps: 0 }, [1, 3100]],
    [{ last: 0, everySteps: 0 }, [1, 3100]],
    [{ last: 99, everySteps: 0 }, steps],
  ])('with %o keep %j', (retention, kept) => {
    expect(keptSteps(steps, retention)).toEqual(kept);
  });

  it('are thinned out as they are written, and nothing else is removed', async () => {
    const out = await temporaryFolder();
    await mkdir(join(out, 'samples', 'step-notes'), { recursive: true });
    await writeFile(join(out, 'samples', 'mine.png'), '');
    const { recorder } = openRecorder(out, { samples: { last: 2, everySteps: 40 } });
    await recorder.start(description);
    for (const step of [10, 20, 30, 40, 50, 60]) await recorder.samples(step, colourGrid(step));
    const kept = [10, 40, 50, 60].flatMap(step => [`step-00000${step}`, `step-00000${step}.png`]);
    expect((await readdir(join(out, 'samples'))).sort()).toEqual(['mine.png', ...kept, 'step-notes']);
    await recorder.dispose();
    expect((await readHistory(out)).samples.map(({ step }) => step)).toEqual([10, 20, 30, 40, 50, 60]);
  });

  it('are those of an uninterrupted run once it is resumed', async () => {
    const out = await temporaryFolder();
    const { recorder } = openRecorder(out);
    await recorder.start(description);
    for (const step of [10, 20, 30]) await recorder.samples(step, colourGrid(step));
    await recorder.resume(20, description);
    expect((await readdir(join(out, 'samples'))).filter(name => name.endsWith('.png'))).toEqual([
      'step-0000010.png',
      'step-0000020.png',
    ]);
    const before = await readFile(join(out, 'samples', 'step-0000020', '01-a.png'));
    await recorder.samples(20, colourGrid(20));
    expect(await readFile(join(out, 'samples', 'step-0000020', '01-a.png'))).toEqual(before);
  });
});
