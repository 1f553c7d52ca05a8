import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DisposableStore, sha256File } from '../../src/base/index.js';
import { readPicture, writePicture } from '../../src/image/index.js';
import { Child } from '../../src/process/index.js';
import { type ComputeApi, type ComputeModel, ComputeWorker, computeProtocol } from '../../src/worker/index.js';
import { maxDifference, temporaryFolder, testRgb, testSharp } from '../support/pictures.js';
import { writeTinyOnnx } from '../support/tiny-onnx.js';

let opened: DisposableStore;
beforeEach(() => {
  opened = new DisposableStore();
});
afterEach(() => opened.dispose());

async function model(folder: string): Promise<ComputeModel> {
  const path = await writeTinyOnnx(join(folder, 'negate.onnx'), { kind: 'negate' });
  return { path, sha256: await sha256File(path) };
}

const negative = (rgb: Uint8Array) => rgb.map(value => 255 - value);

describe('the real compute worker', () => {
  it('takes an image file to a flushed temporary file, and reuses the loaded model', async () => {
    const folder = await temporaryFolder();
    const worker = opened.add(new ComputeWorker({ settings: { engine: 'cpu', threads: 1 } }));
    const source = join(folder, 'a.png');
    await testSharp(40, 24).png().toFile(source);
    const task = { source, model: await model(folder) };
    const first = await worker.run({ ...task, job: '1', temporary: join(folder, 'new/1.tmp') });
    expect(first).toMatchObject({ name: 'a.png', width: 40, height: 24, format: 'png', tiles: 1 });
    expect(first.loadMs).toBeGreaterThan(0);
    const { data } = await sharp(join(folder, 'new/1.tmp')).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    expect(maxDifference(data, negative(testRgb(40, 24)))).toBeLessThanOrEqual(1);
    const second = await worker.run({ ...task, job: '2', temporary: join(folder, '2.tmp') });
    expect(second.loadMs).toBe(0);
  });

  it('says how far an image of several tiles is, and can be stopped within it', async () => {
    const folder = await temporaryFolder();
    const settings = { engine: 'cpu', threads: 1, memoryLimitBytes: 4 * 6 * 16 * 96 * 96 } as const;
    const worker = opened.add(new ComputeWorker({ settings }));
    const source = join(folder, 'a.png');
    await testSharp(400, 200).png().toFile(source);
    const task = { source, model: await model(folder) };
    const told: number[] = [];
    const onProgress = (fraction: number) => told.push(fraction);
    const report = await worker.run({ ...task, job: '1', temporary: join(folder, '1.tmp'), onProgress });
    expect(report.tiling).toBe('exact');
    expect(report.tiles).toBeGreaterThan(1);
    expect(told[0]).toBeGreaterThan(0);
    const cancel = new AbortController();
    const stopped = {
      job: '2',
      temporary: join(folder, '2.tmp'),
      signal: cancel.signal,
      onProgress: () => cancel.abort(),
    };
    await expect(worker.run({ ...task, ...stopped })).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect(readFile(stopped.temporary)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it.each(['keep', 'strip'] as const)('tells what a photo held besides its pixels, and may %s it', async metadata => {
    const folder = await temporaryFolder();
    const worker = opened.add(new ComputeWorker({ settings: { engine: 'cpu', threads: 1, metadata } }));
    const source = join(folder, 'a.tif');
    const exif = { IFD0: { Copyright: 'Ann Example' } };
    const frames = await Promise.all([0, 1].map(() => testSharp(40, 24).png().toBuffer()));
    await sharp(frames, { join: { animated: true } })
      .tiff()
      .toFile(source);
    const photo = join(folder, 'b.jpg');
    await testSharp(40, 24).withExif(exif).jpeg().toFile(photo);
    const task = { model: await model(folder) };
    const paged = await worker.run({ ...task, source, job: '1', temporary: join(folder, '1.tmp') });
    expect(paged.notes).toEqual(['only one of its 2 pages was read']);
    await worker.run({ ...task, source: photo, job: '2', temporary: join(folder, '2.tmp') });
    const kept = (await readFile(join(folder, '2.tmp'))).includes('Ann Example');
    expect(kept).toBe(metadata === 'keep');
  });

  it('refuses what ends in zeros only while it may grow', async () => {
    const folder = await temporaryFolder();
    const worker = opened.add(new ComputeWorker({ settings: { engine: 'cpu', threads: 1 } }));
    const source = join(folder, 'dark.webp');
    await sharp({ create: { width: 1500, height: 1000, channels: 3, background: '#000' } })
      .webp()
      .toFile(source);
    const task = { source, model: await model(folder), temporary: join(folder, '1.tmp') };
    await expect(worker.run({ ...task, job: '1', mayGrow: true })).rejects.toMatchObject({ code: 'IMAGE_CORRUPT' });
    expect((await worker.run({ ...task, job: '2' })).notes).toEqual([expect.stringContaining('zeros')]);
  });

  it('names what is wrong with a file, leaves no temporary, and goes on', async () => {
    const folder = await temporaryFolder();
    const worker = opened.add(new ComputeWorker({ settings: { engine: 'cpu', threads: 1 } }));
    const source = join(folder, 'a.svg');
    await writeFile(source, '<svg xmlns="http://www.w3.org/2000/svg"/>');
    const task = { job: '1', source, temporary: join(folder, '1.tmp'), model: await model(folder) };
    await expect(worker.run(task)).rejects.toMatchObject({ code: 'IMAGE_UNSUPPORTED' });
    await expect(readFile(task.temporary)).rejects.toMatchObject({ code: 'ENOENT' });
    const pid = worker.pid;
    const broken = join(folder, 'broken.onnx');
    await writeFile(broken, 'no model');
    await testSharp().png().toFile(join(folder, 'b.png'));
    const withBroken = { ...task, source: join(folder, 'b.png'), model: { path: broken, sha256: 'x' } };
    await expect(worker.run(withBroken)).rejects.toMatchObject({ code: 'MODEL_INVALID' });
    expect(worker.pid).toBe(pid);
  });

  it('lets another process step in between the stages, by way of a raw-pixel file', async () => {
    const folder = await temporaryFolder();
    const entry = fileURLToPath(new URL('../../dist/worker/main.js', import.meta.url));
    const child = opened.add(
      await Child.start<ComputeApi>({ entry, name: 'compute worker', protocol: computeProtocol }),
    );
    const source = join(folder, 'a.png');
    await testSharp(40, 24).png().toFile(source);
    const job = 'job';
    await child.call('decode', { job, source });
    const pixels = join(folder, 'pixels');
    await child.call('exportPicture', { job, path: pixels });
    const picture = await readPicture(pixels);
    await writePicture(pixels, { ...picture, rgb: picture.rgb.map(() => 200) });
    await child.call('importPicture', { job, path: pixels });
    expect(await child.call('translate', { job, model: await model(folder) })).toMatchObject({ tiles: 1 });
    await child.call('encode', { job, source, temporary: join(folder, 'out.tmp') });
    const [red] = await sharp(join(folder, 'out.tmp')).raw().toBuffer();
    expect(red).toBe(55);
    expect(await child.call('status', null)).toMatchObject({ jobs: [job], models: [expect.any(String)] });
    await child.call('release', { job });
    expect(await child.call('status', null)).toMatchObject({ jobs: [] });
    await expect(child.call('encode', { job, source, temporary: pixels })).rejects.toMatchObject({ code: 'PROTOCOL' });
  });
});
