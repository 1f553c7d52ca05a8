import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, onTestFinished, test } from 'vitest';
import { decodeImage, encodeImage } from '../../src/image/index.js';
import { openTranslator, type Translator } from '../../src/translate/index.js';
import { type ForeignValue, foreignModel, node, tensor } from '../support/foreign-onnx.js';
import { maxDifference, temporaryFolder, testPicture } from '../support/pictures.js';

const one: ForeignValue = { shape: ['n', 1, 'h', 'w'] };
const metadata = { 'cyclebox.range': '-1..1' };

async function translatorFor(
  input: ForeignValue,
  output: ForeignValue,
  nodes: readonly Uint8Array[],
  weights: readonly Uint8Array[] = [],
): Promise<Translator> {
  const model = join(await temporaryFolder(), 'model.onnx');
  await writeFile(model, foreignModel({ input, output, nodes, weights, metadata }));
  const translator = await openTranslator({ model, engine: 'cpu', threads: 1 });
  onTestFinished(() => translator.dispose());
  return translator;
}

const greyToGrey = () => translatorFor(one, one, [node('Neg', ['image'], ['translated'])]);
/** Red, green and blue become 1, ½ and 0 times the grey. */
const greyToColour = () =>
  translatorFor(
    one,
    {},
    [node('Conv', ['image', 'w'], ['translated'], { kernel_shape: [1, 1] })],
    [tensor('w', [3, 1, 1, 1], [1, 0.5, 0])],
  );
/** The red channel alone. */
const colourToGrey = () =>
  translatorFor(
    {},
    one,
    [node('Conv', ['image', 'w'], ['translated'], { kernel_shape: [1, 1] })],
    [tensor('w', [1, 3, 1, 1], [1, 0, 0])],
  );

const grey = Uint16Array.from({ length: 64 * 16 }, (_, i) => i * 64);
const greyFile = () =>
  sharp(grey, { raw: { width: 64, height: 16, channels: 1 } })
    .toColourspace('grey16')
    .png()
    .toBuffer();

test('an image of grey, of 16 bits, goes through a network of grey, with nothing to say of it', async () => {
  const { data, notes } = await (await greyToGrey()).translate(await greyFile());
  expect(notes).toEqual([]);
  const { rgb } = await decodeImage(data, { depth: 'source' });
  const expected = Array.from({ length: grey.length * 3 }, (_, i) => 65_535 - grey[Math.floor(i / 3)]!);
  expect(maxDifference(rgb, expected)).toBeLessThanOrEqual(1);
});

test('and through one that gives it colours', async () => {
  const { data, notes } = await (await greyToColour()).translate(await greyFile());
  expect(notes).toEqual([]);
  const { rgb } = await decodeImage(data, { depth: 'source' });
  const [r, g, b] = rgb.subarray(3 * 1000);
  expect([r, Math.abs(g! - (64_000 / 2 + 32_768 / 2)) < 2, b]).toEqual([64_000, true, 32_768]);
});

test('a coloured image is shown to a network of grey as its luma, which is said', async () => {
  const { notes } = await (await greyToGrey()).translate(await encodeImage(testPicture(20, 12)));
  expect(notes).toEqual([
    'its colours became grey before they were shown to the model, which takes no others and gives no others',
  ]);
  const coloured = await (await greyToColour()).translate(await encodeImage(testPicture(20, 12)));
  expect(coloured.notes).toEqual([
    'its colours became grey before they were shown to the model, which takes no others',
  ]);
});

test('a network that makes grey of colours says so, and the result is grey', async () => {
  const { data, notes } = await (await colourToGrey()).translate(await encodeImage(testPicture(20, 12)));
  expect(notes).toEqual(['its colours became grey, since the model gives no others']);
  const { rgb } = await decodeImage(data);
  expect(rgb).toEqual(Buffer.from(testPicture(20, 12).rgb.map((_, i, all) => all[i - (i % 3)]!)));
});
