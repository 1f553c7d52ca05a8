/**
 * Contact sheets of an evaluation: every input beside its translation and, where it was made, the way back, with the
 * figures of each below, on pages for a person to look at.
 */
import { basename, join } from 'node:path';
import sharp, { type OverlayOptions } from 'sharp';
import { writeFileAtomic } from '../../base/index.js';
import { type Picture, resizePicture } from '../../image/index.js';
import { type Evaluation, type ImageEvaluation, pictureOf, type TranslatedResult } from '../../training/index.js';
import { drawCaption } from '../sheets/index.js';

const largestTile = 256;
const gap = 8;
const captionHeight = 22;
const rowsPerPage = 5;
/** Width of a page in tiles, at most. */
const tilesPerRow = 6;
const background = { r: 250, g: 250, b: 250 };

interface Entry {
  readonly pictures: readonly Picture[];
}

export class EvaluationSheets {
  readonly #folder: string;
  readonly #entries: Entry[] = [];

  constructor(folder: string) {
    this.#folder = folder;
  }

  async add({ input, translated, back }: TranslatedResult): Promise<void> {
    const images = [input, translated, ...(back ? [back] : [])];
    this.#entries.push({ pictures: await Promise.all(images.map(image => asTile(pictureOf(image)))) });
  }

  /** Writes the pages, in the order of the images. @returns their paths. @throws WRITE_FAILED and the system's errors */
  async write({ each }: Evaluation): Promise<readonly string[]> {
    const perRow = Math.max(1, Math.floor(tilesPerRow / this.#entries[0]!.pictures.length));
    const perPage = perRow * rowsPerPage;
    const paths: string[] = [];
    for (let first = 0; first < this.#entries.length; first += perPage) {
      const path = join(this.#folder, `sheet-${String(paths.length + 1).padStart(2, '0')}.jpg`);
      const judged = each.slice(first, first + perPage);
      await writeFileAtomic(path, await page(this.#entries.slice(first, first + perPage), judged, perRow));
      paths.push(path);
    }
    return paths;
  }
}

function asTile(picture: Picture): Promise<Picture> {
  const side = Math.min(largestTile, picture.width);
  return resizePicture(picture, side, side);
}

async function page(entries: readonly Entry[], judged: readonly ImageEvaluation[], perRow: number): Promise<Buffer> {
  const { length, 0: first } = entries[0]!.pictures;
  const side = first!.width;
  const [cellWidth, cellHeight] = [length * (side + 2) + gap, side + captionHeight + gap];
  const cells = entries.map(async ({ pictures }, index): Promise<OverlayOptions[]> => {
    const left = gap + (index % perRow) * cellWidth;
    const top = gap + Math.floor(index / perRow) * cellHeight;
    const caption = await drawCaption(captionOf(judged[index]!), length * side, captionHeight - 8);
    const tiles = pictures.map(({ rgb }, place) => {
      const raw = { width: side, height: side, channels: 3 } as const;
      return { input: Buffer.from(rgb), raw, left: left + place * (side + 2), top };
    });
    return [...tiles, ...(caption ? [{ input: caption, left, top: top + side + 4 }] : [])];
  });
  const width = gap + Math.min(perRow, entries.length) * cellWidth;
  const height = gap + Math.ceil(entries.length / perRow) * cellHeight;
  return sharp({ create: { width, height, channels: 3, background } })
    .composite((await Promise.all(cells)).flat())
    .jpeg({ quality: 92, chromaSubsampling: '4:4:4' })
    .toBuffer();
}

function captionOf({ file, inputLikelihood, likelihood, content }: ImageEvaluation): string {
  const style = likelihood === undefined ? [] : [`style ${inputLikelihood?.toFixed(2)} → ${likelihood.toFixed(2)}`];
  const kept = content === undefined ? [] : [`content ${content.toFixed(2)}`];
  return [basename(file), ...style, ...kept].join('   ');
}
