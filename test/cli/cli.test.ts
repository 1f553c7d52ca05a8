import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { beforeAll, describe, expect, test } from 'vitest';
import { packageRoot, packageVersion } from '../../src/base/index.js';
import { decodeImage, encodeImage } from '../../src/image/index.js';
import { maxDifference, temporaryFolder, testPicture } from '../support/pictures.js';
import { writeTinyOnnx } from '../support/tiny-onnx.js';

const entry = join(packageRoot, 'dist', 'cli', 'main.js');

beforeAll(() => {
  if (!existsSync(entry)) throw new Error(`${entry} is not there: run "npm run build" first`);
});

/** Runs the built command in `cwd`, as a user would. */
function cyclebox(cwd: string, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise(resolve => {
    execFile(process.execPath, [entry, ...args], { cwd }, (error, out, err) => {
      resolve({ code: error ? Number(error.code) : 0, out, err });
    });
  });
}

/** A folder with two images, a text called .png, a negating model, and a plugin whose one direction uses it. */
async function workplace(): Promise<string> {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'a.png'), await encodeImage(testPicture(40, 30), { format: 'png' }));
  await writeFile(join(folder, 'b.JPEG'), await encodeImage(testPicture(31, 17), { format: 'jpeg' }));
  await writeFile(join(folder, 'text.png'), 'no image');
  await mkdir(join(folder, 'plugins', 'cat-dog'), { recursive: true });
  await writeTinyOnnx(join(folder, 'plugins', 'cat-dog', 'to-dog.onnx'));
  const models = { dog: { path: 'to-dog.onnx' }, cat: { path: 'to-cat.onnx' } };
  const manifest = {
    name: 'cat-dog',
    version: '1.0.0',
    engines: { cyclebox: '^1.0.0' },
    contributes: { domainPairs: [{ id: 'cat-dog', domains: ['cat', 'dog'], models }] },
  };
  await writeFile(join(folder, 'plugins', 'cat-dog', 'package.json'), JSON.stringify(manifest));
  return folder;
}

const toDog = ['--pair', 'cat-dog', '--to', 'dog', '--plugins', 'plugins'];

describe('cyclebox translate', () => {
  test('writes each result under its own name, and never over another file', async () => {
    const folder = await workplace();
    const first = await cyclebox(folder, 'translate', 'a.png', 'b.JPEG', ...toDog);
    expect(first).toMatchObject({ code: 0, err: '' });
    expect(first.out.split('\n')[0]).toMatch(/^a\.png → .*translated.a\.png \(40 × 30, \d+ ms\)$/);
    const negative = await decodeImage(join(folder, 'translated', 'a.png'));
    expect(
      maxDifference(
        negative.rgb,
        testPicture(40, 30).rgb.map(value => 255 - value),
      ),
    ).toBe(0);
    const before = await readFile(join(folder, 'translated', 'a.png'));
    await cyclebox(folder, 'translate', 'a.png', ...toDog);
    await cyclebox(folder, 'translate', 'a.png', ...toDog, '--format', 'webp');
    expect((await readdir(join(folder, 'translated'))).sort()).toEqual(['a (2).png', 'a.png', 'a.webp', 'b.JPEG']);
    expect(await readFile(join(folder, 'translated', 'a.png'))).toEqual(before);
  });

  test('replaces by --on-collision update what it made of the same image before, and nothing else', async () => {
    const folder = await workplace();
    await mkdir(join(folder, 'translated'));
    await writeFile(join(folder, 'translated/a.png'), 'precious');
    const update = ['translate', 'a.png', 'b.JPEG', ...toDog, '--on-collision', 'update'];
    expect(await cyclebox(folder, ...update)).toMatchObject({ code: 0, err: '' });
    const before = await readFile(join(folder, 'translated/a (2).png'));
    await writeFile(join(folder, 'a.png'), await encodeImage(testPicture(8, 8), { format: 'png' }));
    const again = await cyclebox(folder, ...update);
    expect(again).toMatchObject({ code: 0, err: '', out: expect.stringContaining('a (2).png (8 × 8') });
    const results = await readdir(join(folder, 'translated'));
    expect(results.sort()).toEqual(['.cyclebox', 'a (2).png', 'a.png', 'b.JPEG']);
    expect(await readFile(join(folder, 'translated/a.png'), 'utf8')).toBe('precious');
    expect(before.equals(await readFile(join(folder, 'translated/a (2).png')))).toBe(false);
  });

  test('names the files that fail, goes on with the others, and ends with 1', async () => {
    const folder = await workplace();
    const { code, out, err } = await cyclebox(
      folder,
      'translate',
      'text.png',
      'no.png',
      'a.png',
      ...toDog,
      '--out',
      'x/y',
    );
    expect(code).toBe(1);
    expect(err.split('\n')).toEqual([
      expect.stringMatching(/^IMAGE_UNSUPPORTED: text\.png is a text file/),
      expect.stringMatching(/^FILE_NOT_FOUND: no\.png does not exist/),
      '',
    ]);
    expect(out.trim().split('\n')).toHaveLength(1);
    expect(await readdir(join(folder, 'x', 'y'))).toEqual(['a.png']);
  });

  test('--json prints one document, and says when an image was cut into tiles', async () => {
    const folder = await workplace();
    await writeFile(join(folder, 'large.png'), await encodeImage(testPicture(200, 90), { format: 'png' }));
    const args = ['large.png', 'text.png', ...toDog, '--memory-limit', '1900KB', '--tiling', 'independent', '--json'];
    const { code, out } = await cyclebox(folder, 'translate', ...args);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      pair: 'cat-dog',
      to: 'dog',
      results: [
        { file: 'large.png', output: join(folder, 'translated', 'large.png'), width: 200, height: 90, format: 'png' },
        { file: 'text.png', error: { code: 'IMAGE_UNSUPPORTED' } },
      ],
    });
    expect(JSON.parse(out).results[0].tiles).toBeGreaterThan(4);
    const told = await cyclebox(folder, 'translate', ...args.slice(0, -1));
    expect(told.out).toMatch(/in \d+ tiles to stay within the memory limit/);
  });

  test('shows images at the scale that is asked for, and says what that means for detail', async () => {
    const folder = await workplace();
    await writeFile(join(folder, 'large.png'), await encodeImage(testPicture(200, 90), { format: 'png' }));
    const { out } = await cyclebox(folder, 'translate', 'large.png', ...toDog, '--scale', '30');
    expect(out).toMatch(/200 × 90.*translated at 67 × 30; detail is the image's, what is new is enlarged 3\.0 times/);
    const told = await cyclebox(folder, 'translate', 'large.png', ...toDog, '--scale', '30', '--json');
    const [result] = JSON.parse(told.out).results;
    expect(result).toMatchObject({ width: 200, height: 90, scale: 30, shownAs: { width: 67, height: 30 } });
  });

  test('takes a model file in place of a pair, and refuses too many megapixels', async () => {
    const folder = await workplace();
    const model = join('plugins', 'cat-dog', 'to-dog.onnx');
    expect(await cyclebox(folder, 'translate', 'a.png', '--model', model)).toMatchObject({ code: 0 });
    const refused = await cyclebox(folder, 'translate', 'a.png', '--model', model, '--max-megapixels', '0.001');
    expect(refused).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^IMAGE_TOO_LARGE: a\.png.*--max-megapixels/),
    });
  });

  test.each([
    [['--pair', 'cat-dgo', '--to', 'dog'], 2, /^PAIR_NOT_FOUND: .*Did you mean "cat-dog"\?/],
    [['--pair', 'cat-dog', '--to', 'dgo'], 2, /^DOMAIN_NOT_FOUND: .*Did you mean "dog"\?/],
    [['--pair', 'cat-dog', '--to', 'cat'], 1, /^MODEL_MISSING: .*cyclebox train --pair cat-dog/],
    [['--pair', 'cat-dog'], 2, /^USAGE: /],
    [['--model', 'a.png'], 1, /^MODEL_INVALID: /],
    [['--pair', 'cat-dog', '--to', 'dog', '--format', 'gif'], 2, /^USAGE: .*gif/],
    [['--pair', 'cat-dog', '--to', 'dog', '--memory-limit', 'much'], 2, /^USAGE: .*512MB/],
    [['--pair', 'cat-dog', '--to', 'dog', '--scale', 'half'], 2, /^USAGE: .*"half".*"native", "trained"/],
    [['--pair', 'cat-dog', '--to', 'dog', '--scale', 'trained'], 1, /^SCALE_UNKNOWN: .*number of pixels/],
    [['--pair', 'cat-dog', '--to', 'dog', '--quality', '101'], 2, /^USAGE: .*from 1 to 100/],
    [['--pear', 'cat-dog'], 2, /^USAGE: unknown option '--pear'/],
  ])('%j ends with %i', async (args, code, words) => {
    const result = await cyclebox(await workplace(), 'translate', 'a.png', '--plugins', 'plugins', ...args);
    expect(result).toMatchObject({ code, out: '', err: expect.stringMatching(words) });
  });
});

describe('cyclebox pairs', () => {
  test('lists which models are there and which are missing, with what to do', async () => {
    const { code, out } = await cyclebox(await workplace(), 'pairs', '--plugins', 'plugins');
    expect(code).toBe(0);
    expect(out).toMatch(/cat → dog {2}plugins.cat-dog.to-dog\.onnx, 0\.0 MB/);
    expect(out).toMatch(/dog → cat {2}no model yet/);
    expect(out).toContain('cyclebox train --pair cat-dog --a DIR_OF_CAT --b DIR_OF_DOG');
  });

  test('says of the pairs that come along how good they are, under which licences, and how to get images', async () => {
    const folder = await workplace();
    const { code, out } = await cyclebox(folder, 'pairs');
    expect(code).toBe(0);
    const [, satellite] = /^satellite-map.*\n((?: .*\n)+)/m.exec(out)!;
    const lines = satellite!.split('\n');
    expect(lines[0]).toMatch(/^ {2}satellite → map {2}.*to-map\.onnx, \d\.\d MB$/);
    expect(lines[1]).toMatch(/^ {4}quality: .+ \d+(\.\d+)? % \(.*higher is better\).*; on \d+ /);
    expect(lines[2]).toMatch(/^ {4}licence: MIT; fitted on NASA Blue Marble/);
    expect(satellite).toMatch(/^ {2}model card: .*satellite-map.README\.md$/m);
    const { pairs } = JSON.parse((await cyclebox(folder, 'pairs', '--json')).out);
    const known = pairs.find(({ id }: { id: string }) => id === 'satellite-map');
    expect(known).toMatchObject({
      card: expect.stringMatching(/README\.md$/),
      directions: [{ to: 'map', quality: { figures: [{ unit: '%' }, {}] }, licence: { weights: 'MIT' } }, {}],
    });
    const own = await cyclebox(folder, 'pairs', '--plugins', 'plugins');
    const [ownPair = '', ...others] = own.out.split(/^(?=\w)/m);
    expect(ownPair).toMatch(/^cat-dog/);
    expect(ownPair).not.toMatch(/quality|licence|card/);
    expect(others.join('')).toBe(out);
  });

  test('stops without a word when nobody reads on', async () => {
    const command = spawn(process.execPath, [entry, 'pairs'], { cwd: await workplace() });
    command.stdout.destroy();
    const [err, [code]] = await Promise.all([text(command.stderr), once(command, 'exit')]);
    expect([code, err]).toEqual([141, '']);
  });

  test('--json holds the same, and a faulty plugin is named and ends with 1', async () => {
    const folder = await workplace();
    await mkdir(join(folder, 'plugins', 'broken'));
    const { code, out, err } = await cyclebox(folder, 'pairs', '--plugins', 'plugins', '--json');
    expect([code, err]).toEqual([1, expect.stringMatching(/^PLUGIN_INVALID: .*broken/)]);
    const { pairs, problems } = JSON.parse(out);
    expect({ pairs: pairs.slice(0, 1), problems }).toMatchObject({
      pairs: [
        {
          id: 'cat-dog',
          directions: [
            { from: 'cat', to: 'dog', model: { sizeBytes: expect.any(Number) } },
            { from: 'dog', to: 'cat', problem: { code: 'MODEL_MISSING' } },
          ],
        },
      ],
      problems: [{ code: 'PLUGIN_INVALID' }],
    });
  });
});

test('--version and --help answer, an unknown command does not', async () => {
  const folder = await temporaryFolder();
  expect(await cyclebox(folder, '--version')).toEqual({ code: 0, out: `${packageVersion()}\n`, err: '' });
  const help = await cyclebox(folder, '--help');
  expect(help).toMatchObject({ code: 0, err: '' });
  for (const command of ['start', 'translate', 'train', 'pairs']) expect(help.out).toContain(command);
  expect(await cyclebox(folder, 'translat')).toMatchObject({ code: 2, err: expect.stringContaining('translate') });
});
