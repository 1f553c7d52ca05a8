/** `cyclebox evaluate` as a user runs it: the table, the document, the sheets, and what it refuses. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { defaultCacheFolder, packageRoot } from '../../../src/base/index.js';
import { decodeImage } from '../../../src/image/index.js';
import { scenes, striped, writeImages } from '../../support/made-images.js';
import { temporaryFolder } from '../../support/pictures.js';
import { writeTinyOnnx } from '../../support/tiny-onnx.js';

const entry = join(packageRoot, 'dist', 'cli', 'main.js');

beforeAll(() => {
  if (!existsSync(entry)) throw new Error(`${entry} is not there: run "npm run build" first`);
});

function evaluate(cwd: string, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const words = [entry, 'evaluate', '--engine', 'cpu', '--threads', '1', '--cache', 'cache', ...args];
  return new Promise(resolve => {
    execFile(process.execPath, words, { cwd }, (error, out, err) => {
      resolve({ code: error ? Number(error.code) : 0, out, err });
    });
  });
}

/** Six images of each domain, which are too few to fit a classifier on, a file that is none, and a negating model. */
async function workplace(): Promise<string> {
  const folder = await temporaryFolder();
  await writeImages(join(folder, 'a'), scenes(6, 1));
  await writeImages(join(folder, 'b'), scenes(6, 1).map(striped));
  await writeFile(join(folder, 'a', 'notes.png'), 'no image');
  const metadata = { 'cyclebox.from': 'plain', 'cyclebox.to': 'striped' };
  await writeTinyOnnx(join(folder, 'negate.onnx'), { metadata });
  return folder;
}

const toB = ['--model', 'negate.onnx', '--a', 'a', '--b', 'b'];

describe('cyclebox evaluate', () => {
  test('prints figures beside their references, what they mean, and what to try; names what is no image', async () => {
    const { code, out, err } = await evaluate(await workplace(), ...toB, '--back', 'negate.onnx');
    expect(code).toBe(0);
    expect(err).toMatch(/^left out: a.notes\.png is a text file\b.*\n$/);
    const lines = out.split('\n');
    expect(lines[0]).toBe('plain → striped: 6 images of 64 × 64 pixels, beside 6 images of striped');
    expect(lines[2]).toMatch(/^ +translated +unchanged +real striped$/);
    expect(out).toMatch(/\ncorrelation of edges +1\.000 +1\.000 +-?0\.\d+\n/);
    expect(out).toMatch(/\n {2}at 16 pixels +\d/);
    expect(out).toMatch(/\nThere and back: translated twice, an image is 0\.\d % of the range from itself/);
    expect(out).toMatch(/\nWarning: Light and dark are exchanged: .*-1\.00\.\n {2}Try: .*seed/);
    expect(out).toContain('Warning: Only 6 images were judged');
  });

  test('--json prints one document, the same each time; --out keeps it beside sheets of every image', async () => {
    const folder = await workplace();
    const [first, again] = [
      await evaluate(folder, ...toB, '--json', '--out', 'judged'),
      await evaluate(folder, ...toB, '--json', '--out', 'judged'),
    ];
    expect(first.code).toBe(0);
    expect(again.out).toBe(first.out);
    const document = JSON.parse(first.out);
    expect(document).toMatchObject({
      ...{
        format: 1,
        model: 'negate.onnx',
        from: 'plain',
        to: 'striped',
        size: 64,
        images: 6,
        targetImages: 6,
        pairs: 0,
      },
      rows: { translated: { light: expect.closeTo(-1, 2), edges: expect.closeTo(1, 2) }, unchanged: { change: 0 } },
      skipped: [{ file: join('a', 'notes.png'), reason: expect.stringMatching(/^is a text file/) }],
      sheets: [join(folder, 'judged', 'sheet-01.jpg')],
    });
    expect(document.each).toHaveLength(6);
    expect(await readdir(join(folder, 'judged'))).toEqual(['evaluation.json', 'sheet-01.jpg']);
    expect(JSON.parse(await readFile(join(folder, 'judged', 'evaluation.json'), 'utf8'))).toEqual(document);
    // Three pairs of 64 pixels to a row, with gaps between them; two rows.
    const { width, height } = await decodeImage(document.sheets[0]);
    expect([width, height]).toEqual([8 + 3 * (2 * 66 + 8), 8 + 2 * (64 + 22 + 8)]);
  });

  test('--paired compares with true counterparts, by classes of colours too, and stands in for --b', async () => {
    const folder = await workplace();
    const paired = ['--model', 'negate.onnx', '--a', 'a', '--paired', 'b', '--classes', '3', '--domains', 'x,y'];
    const { code, out } = await evaluate(folder, ...paired, '--limit', '4');
    expect(code).toBe(0);
    expect(out).toMatch(/^x → y: 4 images of 64 × 64 pixels, beside 4 images of y\n/);
    expect(out).toMatch(/\n +translated +unchanged +real y +the truth\n/);
    expect(out).toMatch(/\nBeside 4 true counterparts: L1 0\.\d\d, PSNR \d/);
    expect(out).toMatch(/\nKinds of things: .* #[0-9a-f]{6} \d+\.\d % \(\d+\.\d % of all\)/);
  });

  test.each([
    [['--a', 'a'], 2, /^USAGE: required option '--model/],
    [['--model', 'none.onnx', '--a', 'a'], 1, /^MODEL_MISSING: .*none\.onnx/],
    [['--model', 'negate.onnx', '--a', 'nowhere'], 1, /^FILE_NOT_FOUND: nowhere/],
    [[...toB, '--train-a', 'a'], 2, /^USAGE: Give --train-a and --train-b together/],
    [[...toB, '--classes', '3'], 2, /^USAGE: --classes needs --paired/],
    [[...toB, '--paired', 'b', '--classes', 'sea'], 2, /^USAGE: The classes "sea"/],
    [['--model', 'negate.onnx', '--a', 'a', '--features', 'negate.onnx'], 2, /^USAGE: --features needs --b/],
    [[...toB, '--size', '8'], 2, /^USAGE: .*from 32 to 4096/],
    [[...toB, '--features-range', '0..2'], 2, /^USAGE: .*imagenet/],
  ])('%j ends with %i', async (args, code, words) => {
    const result = await evaluate(await workplace(), ...args);
    expect(result).toMatchObject({ code, out: '', err: expect.stringMatching(words) });
  });
});

test.each([
  [{ XDG_CACHE_HOME: '/fast' }, 'linux', /^.fast.cyclebox$/],
  [{}, 'linux', /\.cache.cyclebox$/],
  [{}, 'darwin', /Library.Caches.cyclebox$/],
  [{ LOCALAPPDATA: 'C:' }, 'win32', /^C:.cyclebox.cache$/],
] as const)(
  'with %j on %s, what can be made again is kept in the system’s cache folder',
  (environment, platform, path) => {
    expect(defaultCacheFolder(environment, platform)).toMatch(path);
  },
);
