/** `cyclebox models import`, as a user calls it: a plugin of a foreign model, with what was found out, that translates at once. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { decodeImage, encodeImage } from '../../../src/image/index.js';
import { foreignModel, node, tensor } from '../../support/foreign-onnx.js';
import { temporaryFolder, testPicture } from '../../support/pictures.js';
import { cyclebox } from '../../support/project.js';
import { stateDictFile, styleShapes, unknownDescription, unknownShapes } from '../../support/state-dict-file.js';

const change = { 'deconv3.conv2d.weight': [60, 0], 'deconv3.conv2d.bias': [1, 120] } as const;

async function workplace() {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'style.pth'), stateDictFile(styleShapes, { container: 'legacy', change }));
  await writeFile(join(folder, 'a.png'), await encodeImage(testPicture(40, 30), { format: 'png' }));
  return { folder, run: (...args: string[]) => cyclebox(folder, ...args).ended };
}

describe('cyclebox models import', () => {
  test('makes a plugin, says what the model is, tries it, and the pair translates', async () => {
    const { folder, run } = await workplace();
    const { out, err, code } = await run('models', 'import', 'style.pth', '--pair', 'photo-style', '--to', 'style');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain('PyTorch: fast neural style, width 2, 2 blocks, 3 → 3 channels\n');
    expect(out).toContain('  values in 0..255 (known of it)\n');
    expect(out).toMatch(/self-test: 120 × 88 pixels in \d+ ms, [\d.]+ grey levels from what went in/);
    const place = join('plugins', 'photo-style');
    expect(out).toContain(`${place}: photo → style of photo-style`);
    const translate = out
      .trimEnd()
      .split('\n')
      .at(-1)!
      .replace('to translate: cyclebox ', '')
      .replace('PHOTO', 'a.png');
    expect((await run(...translate.split(' '))).code).toBe(0);
    expect(await decodeImage(join(folder, 'translated', 'a.png'))).toMatchObject({ width: 40, height: 30 });
  });

  test('a second direction joins the pair, and none is replaced unasked', async () => {
    const { folder, run } = await workplace();
    const into = (to: string, ...more: string[]) =>
      run('models', 'import', 'style.pth', '--pair', 'photo-style', '--to', to, '--json', ...more);
    expect(JSON.parse((await into('style', '--licence', 'MIT')).out)).toMatchObject({
      kind: 'pytorch',
      from: 'photo',
      selfTest: { width: 120 },
    });
    expect((await into('photo')).code).toBe(0);
    expect((await into('style')).err).toContain('FILE_EXISTS');
    expect((await into('style', '--replace')).code).toBe(0);
    expect((await into('sketch')).err).toMatch(/USAGE|DOMAIN_NOT_FOUND/);
    const manifest = JSON.parse(await readFile(join(folder, 'plugins', 'photo-style', 'package.json'), 'utf8'));
    const [pair] = manifest.contributes.domainPairs;
    expect(pair.domains).toEqual(['photo', 'style']);
    expect(Object.keys(pair.models).sort()).toEqual(['photo', 'style']);
  });

  test('what is found out by trying is said, and is overruled', async () => {
    const { folder, run } = await workplace();
    const doubling = { kernel_shape: [2, 2], strides: [2, 2], group: 3 };
    const model = foreignModel({
      output: { shape: ['n', 3, 'h2', 'w2'] },
      nodes: [node('ConvTranspose', ['image', 'w'], ['translated'], doubling)],
      weights: [tensor('w', [3, 1, 2, 2], new Array<number>(12).fill(1))],
    });
    await writeFile(join(folder, 'twice.onnx'), model);
    const args = ['models', 'import', 'twice.onnx', '--pair', 'small-large', '--to', 'large'];
    const { out } = await run(...args);
    expect(out).toContain('  enlarges 2 times (by what it does with a picture)\n');
    expect(out).toContain('  values in -1..1 (by what it does with a picture)\n');
    expect((await run(...args, '--replace', '--range', '0..1')).out).toContain('  values in 0..1 (as you say)\n');
  });

  test('an unknown network needs a description, and a file of another kind is told as what it is', async () => {
    const { folder, run } = await workplace();
    await writeFile(join(folder, 'net.pkl'), stateDictFile(unknownShapes));
    const args = ['models', 'import', 'net.pkl', '--pair', 'apple-windows', '--to', 'windows'];
    const refused = await run(...args);
    expect(refused.code).toBe(1);
    expect(refused.err).toContain('resnet_block.conv_layer.0.weight [6, 6, 3, 3]');
    await writeFile(join(folder, 'layers.json'), JSON.stringify(unknownDescription));
    expect((await run(...args, '--architecture', 'layers.json')).out).toContain('PyTorch: a small generator');
    expect((await run('models', 'import', 'a.png', '--pair', 'a-b', '--to', 'b')).err).toContain('is an image');
  });

  test('a manifest may name such a file itself', async () => {
    const { folder, run } = await workplace();
    const manifest = {
      name: 'photo-style',
      version: '1.0.0',
      engines: { cyclebox: '^1.0.0' },
      contributes: {
        domainPairs: [{ id: 'photo-style', domains: ['photo', 'style'], models: { style: { path: 'style.pth' } } }],
      },
    };
    await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
    const { code, err } = await run('translate', 'a.png', '--pair', 'photo-style', '--to', 'style', '--plugins', '.');
    expect({ code, err }).toEqual({ code: 0, err: '' });
  });
});
