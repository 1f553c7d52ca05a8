/**
 * One picture of a study of recipes: held-out images down, recipes across, the input on the left and, where there are pairs,
 * the truth on the right. The first images are shown, whatever became of them. It is cut from the sheets of the runs.
 */
import { join } from 'node:path';
import sharp from 'sharp';
import { drawCaption } from '../../dist/cli/sheets/caption.js';
import { gap } from './contact-sheet.mjs';
import { contenders } from './cycle-sets.mjs';

/** Each pixel becomes a square of so many, so that small images can be seen. */
const enlarged = 2;
const captionHeight = 18;
const background = '#f4f1ea';

/**
 * @param {string} file a PNG
 * @param {{ size: number, test: readonly string[], isTestPaired: boolean, seeds: readonly number[] }} study
 * @param {readonly import('./study-run.mjs').RunResult[]} results of which those of the last seed are drawn
 * @param {string} out of the study
 */
export async function drawOverview(file, { size, test, isTestPaired }, results, out) {
  const { seed } = results.at(-1);
  const runs = results.filter(run => run.seed === seed && run.shown !== undefined);
  if (runs.length === 0) return;
  const sheets = runs.map(({ name }) => join(out, `${name}-seed${seed}`, 'sheet.png'));
  const rows = runs[0].shown.length;
  const truths = isTestPaired ? runs[0].shown.map(name => wholeTile(join(test[1], name), size)) : [];
  const columns = [
    { title: 'input', tiles: tilesOf(sheets[0], 0, rows, size) },
    ...runs.map(({ name }, at) => ({ title: contenders[name].title, tiles: tilesOf(sheets[at], 2, rows, size) })),
    ...(isTestPaired ? [{ title: 'truth', tiles: truths }] : []),
  ];
  await compose(file, columns, enlarged * size);
}

/** Of a run's sheet: 0 has the inputs, 2 what averaged weights made of them. */
function tilesOf(sheet, column, rows, size) {
  return Array.from({ length: rows }, (_, row) => {
    const place = { left: gap + column * (size + gap), top: gap + row * (size + gap), width: size, height: size };
    return sharp(sheet).extract(place);
  });
}

/** As the evaluation sees it. */
function wholeTile(path, size) {
  return sharp(path).resize(size, size, { fit: 'cover' });
}

async function compose(file, columns, side) {
  const rows = columns[0].tiles.length;
  const width = gap + columns.length * (side + gap);
  const height = gap + captionHeight + rows * (side + gap);
  const parts = await Promise.all(columns.map((column, at) => columnParts(column, gap + at * (side + gap), side)));
  await sharp({ create: { width, height, channels: 3, background } })
    .composite(parts.flat())
    .png()
    .toFile(file);
}

async function columnParts({ title, tiles }, left, side) {
  const caption = await drawCaption(title, side, captionHeight - 4);
  const images = await Promise.all(
    tiles.map(async (tile, row) => ({
      input: await sharp(await tile.png().toBuffer())
        .resize(side, side, { kernel: 'nearest' })
        .png()
        .toBuffer(),
      left,
      top: gap + captionHeight + row * (side + gap),
    })),
  );
  return [...(caption ? [{ input: caption, left, top: gap }] : []), ...images];
}
