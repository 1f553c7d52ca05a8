/** The middle square of a picture as what a network takes: images to calibrate on are of one size. */

import type { TensorData } from '../../engine/index.js';
import { type Picture, toUnitRange } from '../../picture/index.js';

/** `[1, 3, side, side]` in [-1, 1]. The image library is loaded here, and not by whoever only reads what models say. */
export async function squareImage(picture: Picture, side: number): Promise<TensorData> {
  const { resizePicture } = await import('../../image/index.js');
  const { rgb } = await resizePicture(middleOf(picture), side, side);
  const cells = side ** 2;
  const data = Float32Array.from({ length: 3 * cells }, (_, at) =>
    toUnitRange(rgb[(at % cells) * 3 + Math.floor(at / cells)]!),
  );
  return { shape: [1, 3, side, side], data };
}

function middleOf(picture: Picture): Picture {
  const side = Math.min(picture.width, picture.height);
  const [left, top] = [Math.floor((picture.width - side) / 2), Math.floor((picture.height - side) / 2)];
  const rgb = new Uint8Array(side * side * 3);
  for (let row = 0; row < side; row++) {
    const from = ((top + row) * picture.width + left) * 3;
    rgb.set(picture.rgb.subarray(from, from + side * 3), row * side * 3);
  }
  return { width: side, height: side, rgb, format: picture.format };
}
