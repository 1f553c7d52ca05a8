import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../../src/base/index.js';
import { encodeImage } from '../../../src/image/index.js';
import { temporaryFolder, testPicture } from '../../support/pictures.js';
import { writeTinyOnnx } from '../../support/tiny-onnx.js';

const entry = join(packageRoot, 'dist', 'cli', 'main.js');

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function run(cwd: string, file: string, args: readonly string[]): Promise<Ended> {
  return new Promise(resolve => {
    execFile(file, args, { cwd }, (error, out, err) => resolve({ code: error ? Number(error.code) : 0, out, err }));
  });
}
const cyclebox = (cwd: string, ...args: string[]) => run(cwd, process.execPath, [entry, ...args]);

/** A folder with an image, a model, and two folders of images to train on. */
async function workplace(): Promise<string> {
  const folder = await temporaryFolder();
  await writeTinyOnnx(join(folder, 'negate.onnx'));
  await writeFile(join(folder, 'a.png'), await encodeImage(testPicture(40, 30), { format: 'png' }));
  for (const domain of ['reds', 'blues']) {
    await mkdir(join(folder, domain));
    await writeFile(join(folder, domain, '1.png'), await encodeImage(testPicture(64, 64), { format: 'png' }));
  }
  return folder;
}
const training = ['train', '--pair', 'red-blue', '--a', 'reds', '--b', 'blues', '--out', 'run', '--threads', '1'];

describe('--engine', () => {
  test('names what translates, and the result says where it was made', async () => {
    const folder = await workplace();
    const { code, out } = await cyclebox(
      folder,
      'translate',
      'a.png',
      '--model',
      'negate.onnx',
      '--engine',
      'cpu',
      '--json',
    );
    expect(code).toBe(0);
    expect(JSON.parse(out).results).toMatchObject([{ device: 'cpu', precision: 'float32' }]);
  });

  test('names the backend that TensorFlow.js takes', async () => {
    const folder = await workplace();
    const args = ['translate', 'a.png', '--model', 'negate.onnx', '--engine', 'tfjs'];
    const { code, out, err } = await cyclebox(folder, ...args);
    expect([code, out]).toEqual([0, expect.stringMatching(/ on tfjs in float32\)$/m)]);
    expect(err).toMatch(/^translating on TensorFlow\.js \S+, backend wasm.* \(tfjs\)\n$/);
  });

  test('that is misspelt is a wrong argument, before anything is done', async () => {
    const folder = await workplace();
    const translated = await cyclebox(folder, 'translate', 'a.png', '--model', 'negate.onnx', '--engine', 'cudda');
    expect(translated).toMatchObject({ code: 2, out: '', err: expect.stringContaining('Did you mean "cuda"?') });
    expect(await cyclebox(folder, ...training, '--engine', 'gpu:0')).toMatchObject({
      code: 2,
      err: expect.stringContaining('There is no engine "gpu:0"'),
    });
  });

  test('that this system cannot have is refused with the reason, and nothing else is taken', async () => {
    const folder = await workplace();
    const foreign = process.platform === 'darwin' ? 'directml' : 'coreml';
    const translated = await cyclebox(folder, 'translate', 'a.png', '--model', 'negate.onnx', '--engine', foreign);
    expect(translated).toMatchObject({ code: 1, out: '', err: expect.stringMatching(/^ENGINE_UNAVAILABLE: /m) });
    expect((await cyclebox(folder, ...training, '--engine', foreign)).err).toMatch(/ENGINE_UNAVAILABLE: .*only on/);
  });

  test('trains on what is named, and says on which device', async () => {
    const folder = await workplace();
    const small = ['--size', '32', '--width', '4', '--blocks', '1', '--steps', '1'];
    const { code, out } = await cyclebox(folder, ...training, ...small, '--engine', 'cpu');
    expect([code, out]).toEqual([0, expect.stringMatching(/^Training red-blue: .* on .+, 1 threads \(cpu\)$/m)]);
  });

  test('trains on TensorFlow.js as on ONNX Runtime: the first losses are the same', async () => {
    const folder = await workplace();
    const small = ['--size', '32', '--width', '4', '--blocks', '1', '--steps', '1'];
    const losses = async (engine: string) => {
      const { out } = await cyclebox(folder, ...training, '--out', `on-${engine}`, ...small, '--engine', engine);
      return /step 1\/1 {2}(.*?) {2}[\d.]+ images\/s/.exec(out)?.[1];
    };
    const onTensorflow = await losses('tfjs');
    expect(onTensorflow).toMatch(/^G_A \d\.\d{3} .*D_B \d\.\d{3}$/);
    expect(onTensorflow).toBe(await losses('cpu'));
  });

  test('a training goes on on another engine, and each step is told once', async () => {
    const folder = await workplace();
    const small = ['--size', '32', '--width', '4', '--blocks', '1'];
    await cyclebox(folder, ...training, ...small, '--steps', '1', '--engine', 'cpu');
    const { code, out } = await cyclebox(folder, ...training, '--resume', '--steps', '2', '--engine', 'tfjs');
    expect(code).toBe(0);
    expect(out.split('\n')).toEqual([
      expect.stringMatching(/ from step 1; on TensorFlow\.js .+ \(tfjs\)$/),
      expect.stringMatching(/^step 2\/2 /),
      expect.stringMatching(/^Trained\./),
      '',
    ]);
  });
});
