import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Trainer, type TrainingOptions } from '../../src/training/index.js';
import { readHistory } from '../../src/training/records/index.js';
import { SampleFolder } from '../../src/training/records/sample-folder.js';
import { temporaryFolder } from '../support/pictures.js';
import { plainTraining, writePlainImages } from '../support/training-run.js';
import { colourGrid } from './recorded-run.js';

async function warnings(options: TrainingOptions, prepare: (out: string) => Promise<unknown> = async () => {}) {
  const trainer = await Trainer.create(options, { threads: 1, sampleEvery: 1 });
  const told: string[] = [];
  trainer.onEvent(event => event.kind === 'warning' && told.push(event.code));
  try {
    await prepare(options.out);
    expect(await trainer.run()).toBeDefined();
  } finally {
    await trainer.dispose();
  }
  return told;
}

it('a sheet of samples that cannot be written is told, and does not end the training', async () => {
  const folder = await temporaryFolder();
  await writePlainImages(folder, 40);
  const options = plainTraining(folder, { steps: 2 });
  const told = await warnings(options, async out => {
    await mkdir(out, { recursive: true });
    await writeFile(join(out, 'samples'), 'in the way');
  });
  expect(told).toContain('samples not written');
  const { warnings: written } = await readHistory(options.out);
  expect(written.map(({ message }) => message)).toContainEqual(expect.stringMatching(/samples.* could not be written/));
});

it('a sheet that cannot be written whole leaves none of its files', async () => {
  const out = await temporaryFolder();
  await mkdir(join(out, 'samples/step-0000500/01-fake-b.png'), { recursive: true });
  await expect(new SampleFolder(out).write(500, colourGrid(500))).rejects.toMatchObject({ code: 'WRITE_FAILED' });
  expect(await readdir(join(out, 'samples'))).toEqual([]);
});

it.skipIf(process.platform === 'win32')('one folder for both domains is told, also by way of a link', async () => {
  const folder = await temporaryFolder();
  await writePlainImages(folder, 40);
  await symlink(join(folder, 'a'), join(folder, 'linked'));
  const options = plainTraining(folder, { steps: 1 });
  expect(await warnings({ ...options, b: join(folder, 'linked') })).toEqual(['same folder']);
  expect(await warnings({ ...options, out: join(folder, 'other') })).toEqual([]);
});
