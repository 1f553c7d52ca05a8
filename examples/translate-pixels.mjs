/**
 * Translates pixels that come from code, such as a renderer's or a microscope's, without a file in between:
 *
 *     node examples/translate-pixels.mjs islands.png satellite-map satellite
 *
 * The picture here is a drawn map: land in brown on blue water.
 */
import { writeFile } from 'node:fs/promises';
import { openTranslator } from 'cyclebox';

const [out, pair = 'satellite-map', to = 'satellite'] = process.argv.slice(2);
if (!out) throw new Error('Name the file to write.');

const [width, height] = [256, 192];
const islands = [
  { x: 70, y: 80, radius: 46 },
  { x: 175, y: 110, radius: 60 },
];
const translator = await openTranslator({ pair, to });
try {
  const { picture, tiles } = await translator.translatePicture({ width, height, rgb: drawMap(), format: 'png' });
  await writeFile(out, await translator.encode(picture), { flag: 'wx' });
  console.log(`${out}: ${picture.width} × ${picture.height} in ${tiles} ${tiles === 1 ? 'piece' : 'tiles'}`);
} finally {
  await translator.dispose();
}

/** Red, green, blue of each pixel, row by row. */
function drawMap() {
  const rgb = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) rgb.set(isLand(x, y) ? [222, 205, 160] : [170, 205, 240], (y * width + x) * 3);
  return rgb;
}

/** @param {number} x @param {number} y */
function isLand(x, y) {
  return islands.some(island => Math.hypot(x - island.x, y - island.y) < island.radius);
}
