/** Draws images side by side, as they are, pixel for pixel: a grid would not survive scaling. */
import sharp from 'sharp';
import { pictureOf } from '../../dist/training/index.js';

/** Around each image, pixels. */
export const gap = 6;

/**
 * @param {string} file a PNG
 * @param {readonly (readonly import('../../dist/training/index.js').Planes[])[]} columns images of one size
 */
export async function drawSheet(file, columns) {
  const { width, height } = columns[0][0];
  const rows = Math.max(...columns.map(({ length }) => length));
  const parts = columns.flatMap((images, column) =>
    images.map((image, row) => ({
      input: Buffer.from(pictureOf(image).rgb),
      raw: { width, height, channels: 3 },
      left: gap + column * (width + gap),
      top: gap + row * (height + gap),
    })),
  );
  const [sheetWidth, sheetHeight] = [gap + columns.length * (width + gap), gap + rows * (height + gap)];
  const create = { width: sheetWidth, height: sheetHeight, channels: 3, background: '#f4f1ea' };
  await sharp({ create }).composite(parts).png().toFile(file);
}
