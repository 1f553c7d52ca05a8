import { readdirSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DisposableStore, sha256File } from '../../src/base/index.js';
import { decodeImage } from '../../src/image/index.js';
import { type ComputeModel, type ComputeSettings, ComputeWorker } from '../../src/worker/index.js';
import { colourProfile, withIcc } from '../support/colour-profiles.js';
import { maxDifference, temporaryFolder, testSharp } from '../support/pictures.js';
import { writeTinyOnnx } from '../support/tiny-onnx.js';

const memoryLimitBytes = 4 * 6 * 16 * 96 * 96;

let opened: DisposableStore;
let folder: string;
beforeEach(async () => {
  opened = new DisposableStore();
  folder = await temporaryFolder();
});
afterEach(() => opened.dispose());

async function model(kind: 'normalize' | 'negate' = 'normalize'): Promise<ComputeModel> {
  const path = await writeTinyOnnx(join(folder, `${kind}.onnx`), { kind });
  return { path, sha256: await sha256File(path) };
}

function worker(settings: Partial<ComputeSettings> = {}): ComputeWorker {
  return opened.add(new ComputeWorker({ settings: { engine: 'cpu', threads: 1, memoryLimitBytes, ...settings } }));
}

describe('stored-job', () => {
  it('a large image comes out of files as it would of memory, with its alpha, and nothing stays beside the result', async () => {
    const source = join(folder, 'a.png');
    await testSharp(203, 117).ensureAlpha(0.5).png().toFile(source);
    const task = { source, model: await model() };
    const out = join(folder, 'out');
    const told: number[] = [];
    const large = { onProgress: (fraction: number) => told.push(fraction), job: '1', temporary: join(out, '.a.tmp') };
    const fromFiles = await worker({ storedAbovePixels: 20_000 }).run({ ...task, ...large });
    const held = await worker().run({ ...task, job: '2', temporary: join(out, '.b.tmp') });
    const { width, height, format, name, tiling, source: content } = held;
    expect(fromFiles).toMatchObject({ width, height, format, name, tiling, source: content });
    expect(fromFiles.bytes).toBe((await readFile(large.temporary)).length);
    const [one, other] = [await decodeImage(large.temporary), await decodeImage(join(out, '.b.tmp'))];
    expect(maxDifference(one.rgb, other.rgb)).toBeLessThanOrEqual(1);
    expect(one.alpha).toEqual(other.alpha);
    expect(told.length).toBeGreaterThan(0);
    expect((await readdir(out)).sort()).toEqual(['.a.tmp', '.b.tmp']);
  });

  it('one that is cancelled, or whose process dies, leaves nothing', async () => {
    const source = join(folder, 'a.png');
    await testSharp(400, 300).png().toFile(source);
    const task = { source, model: await model(), job: '1' };
    const out = join(folder, 'out');
    const computing = worker({ storedAbovePixels: 20_000 });
    for (const stop of [(cancel: AbortController) => cancel.abort(), () => process.kill(computing.pid!, 'SIGKILL')]) {
      const cancel = new AbortController();
      let seen: readonly string[] = [];
      const onProgress = async () => {
        seen = await readdir(out);
        stop(cancel);
      };
      const run = computing.run({ ...task, temporary: join(out, '.a.tmp'), signal: cancel.signal, onProgress });
      await expect(run).rejects.toMatchObject({ code: expect.stringMatching(/CANCELLED|PROCESS_CRASHED/) });
      expect(seen).toContain('.a.tmp.tif');
      expect(await readdir(out)).toEqual([]);
    }
  });

  it('a network that sees no parts gets it in memory', async () => {
    const source = join(folder, 'a.png');
    await testSharp(203, 117).png().toFile(source);
    const task = { source, model: await model('negate'), fit: { tiling: 'independent' } as const };
    const temporary = join(folder, 'out/.a.tmp');
    const report = await worker({ storedAbovePixels: 20_000 }).run({ ...task, job: '1', temporary });
    expect(report).toMatchObject({ width: 203, height: 117, tiling: 'independent' });
    const before = await decodeImage(source);
    const { rgb } = await decodeImage(temporary);
    expect(
      maxDifference(
        rgb,
        before.rgb.map(value => 255 - value),
      ),
    ).toBeLessThanOrEqual(1);
    expect(await readdir(join(folder, 'out'))).toEqual(['.a.tmp']);
  });

  it('one of 16 bits, and one whose colours are to stay those of its source, come out of files as they would of memory', async () => {
    const source = join(folder, 'a.png');
    const png = await testSharp(203, 117).toColourspace('rgb16').png().toBuffer();
    await writeFile(source, withIcc(png, await colourProfile('p3')));
    const output = { colour: 'source' } as const;
    const task = { source, model: await model(), output };
    const temporaries = ['1', '2'].map(job => join(folder, `out/.${job}.tmp`));
    const told: string[] = [];
    const onProgress = () => void told.push(...readdirSync(join(folder, 'out')));
    await worker({ storedAbovePixels: 20_000 }).run({ ...task, job: '1', temporary: temporaries[0]!, onProgress });
    expect(told).toContain('.1.tmp.tif');
    await worker().run({ ...task, job: '2', temporary: temporaries[1]! });
    const [one, other] = await Promise.all(
      temporaries.map(path => decodeImage(path, { depth: 'source', colour: 'source' })),
    );
    expect(one!.rgb).toBeInstanceOf(Uint16Array);
    expect(one!.space!.icc).toEqual(await colourProfile('p3'));
    expect(maxDifference(one!.space!.rgb, other!.space!.rgb)).toBeLessThanOrEqual(1);
    expect((await readdir(join(folder, 'out'))).sort()).toEqual(['.1.tmp', '.2.tmp']);
  });
});
