/**
 * What the networks do to a few fixed images, as pictures: a row for each image, a column for each thing made of it.
 * Which columns there are is the recipe's business. Draws only; files are written by sample-folder.ts.
 */
import sharp, { type OverlayOptions } from 'sharp';
import type { TensorData } from '../../engine/index.js';
import { encodeImage, type Picture, resizePicture, toByte, toByteScale } from '../../image/index.js';
import type { SampleColumn } from './history-event.js';

export type SampleRow = Readonly<Record<string, TensorData>>;

export interface SampleGrid {
  /** From left to right; keys are words such as `fakeB`. */
  readonly columns: readonly SampleColumn[];
  /** By column key: `[1, 3, h, w]` or, in grey, `[1, 1, h, w]`; in [-1, 1]. The same images in every grid of a run. */
  readonly rows: readonly SampleRow[];
}

const gap = 2;
const captionHeight = 18;
/** Without any font, text has next to no size at a sane resolution, and is fitted at thousands of dots per inch. */
const absurdDpi = 1000;
const white = { r: 255, g: 255, b: 255 };

/** The columns with the domains' own names where a title says A or B: `A → B` ↦ `horse → zebra`. */
export function columnsOf(columns: readonly SampleColumn[], domains: readonly [string, string]): SampleColumn[] {
  const named = (title: string) => title.replace(/\b[AB]\b/g, letter => domains[letter === 'A' ? 0 : 1]);
  return columns.map(({ key, title }) => ({ key, title: named(title) }));
}

/** The grid's pictures, row by row. */
export function tilesOf({ columns, rows }: SampleGrid): readonly (readonly Picture[])[] {
  return rows.map(row => columns.map(({ key }) => pictureOf(row[key], key)));
}

/** The whole grid as a PNG, with its columns' titles above; on a machine without fonts it comes without them. */
export async function drawSheet(
  columns: readonly SampleColumn[],
  tiles: readonly (readonly Picture[])[],
): Promise<Buffer> {
  const { width, height, rgb } = compose(tiles, gap);
  const [tileWidth] = largest(tiles);
  const captions = await Promise.all(columns.map(({ title }) => drawCaption(title, tileWidth)));
  const input = { input: Buffer.from(rgb), raw: { width, height, channels: 3 as const }, left: 0, top: captionHeight };
  const overlays = captions.flatMap((caption, index) => (caption ? [placed(caption, index, tileWidth)] : []));
  return sharp({ create: { width, height: height + captionHeight, channels: 3, background: white } })
    .composite([input, ...overlays])
    .png()
    .toBuffer();
}

/** The whole grid, its tiles side by side without gaps and captions, none larger than `side` pixels. */
export async function drawSmall(tiles: readonly (readonly Picture[])[], side: number): Promise<Picture> {
  const [width, height] = largest(tiles);
  const scale = Math.min(1, side / Math.max(width, height));
  const size = [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))] as const;
  const small = await Promise.all(tiles.map(row => Promise.all(row.map(tile => fitInto(tile, size, scale)))));
  return compose(small, 0);
}

export const encodePng = (picture: Picture): Promise<Buffer> => encodeImage(picture, { format: 'png' });

/** Scaled like all the others, but never beyond the size of a tile: rounding may make one a pixel larger. */
function fitInto(tile: Picture, [width, height]: readonly [number, number], scale: number): Promise<Picture> {
  const scaled = (length: number, limit: number) => Math.min(limit, Math.max(1, Math.round(length * scale)));
  return resizePicture(tile, scaled(tile.width, width), scaled(tile.height, height));
}

/** @throws Error for a tensor that is not there or no image: the recipe's columns and its outputs do not fit. */
function pictureOf(tensor: TensorData | undefined, key: string): Picture {
  const [n, channels, height, width] = tensor?.shape ?? [];
  if (!tensor || n !== 1 || !(channels === 1 || channels === 3) || !height || !width) {
    throw new Error(`sample column ${key} has the shape [${tensor?.shape ?? ''}], not [1, 3, h, w]`);
  }
  const pixels = width * height;
  const rgb = new Uint8Array(pixels * 3);
  for (let channel = 0; channel < 3; channel++) {
    const plane = channels === 3 ? channel * pixels : 0;
    for (let at = 0; at < pixels; at++) rgb[at * 3 + channel] = toByte(toByteScale(tensor.data[plane + at]!));
  }
  return { width, height, rgb, format: 'png' };
}

function compose(tiles: readonly (readonly Picture[])[], between: number): Picture {
  const [tileWidth, tileHeight] = largest(tiles);
  const width = (tiles[0]?.length ?? 0) * (tileWidth + between) - between;
  const height = tiles.length * (tileHeight + between) - between;
  const rgb = new Uint8Array(width * height * 3).fill(255);
  tiles.forEach((row, r) => {
    row.forEach((tile, c) => {
      paste(rgb, width, tile, c * (tileWidth + between), r * (tileHeight + between));
    });
  });
  return { width, height, rgb, format: 'png' };
}

function paste(target: Uint8Array, targetWidth: number, { width, height, rgb }: Picture, left: number, top: number) {
  for (let y = 0; y < height; y++) {
    target.set(rgb.subarray(y * width * 3, (y + 1) * width * 3), ((top + y) * targetWidth + left) * 3);
  }
}

/** Width and height of a cell. */
function largest(tiles: readonly (readonly Picture[])[]): readonly [number, number] {
  const all = tiles.flat();
  return [Math.max(...all.map(({ width }) => width)), Math.max(...all.map(({ height }) => height))];
}

interface Caption {
  readonly png: Buffer;
  readonly width: number;
  readonly height: number;
}

async function drawCaption(title: string, width: number): Promise<Caption | undefined> {
  const text = title.replace(/[&<>]/g, character => `&#${character.charCodeAt(0)};`);
  try {
    const options = { text, font: 'sans', width: width - 4, height: captionHeight - 6, rgba: true };
    const { data, info } = await sharp({ text: options }).png().toBuffer({ resolveWithObject: true });
    const isDrawn = (info.textAutofitDpi ?? 0) < absurdDpi;
    return isDrawn ? { png: data, width: info.width, height: info.height } : undefined;
  } catch {
    return undefined;
  }
}

function placed({ png, width, height }: Caption, column: number, tileWidth: number): OverlayOptions {
  const left = column * (tileWidth + gap) + Math.max(0, Math.round((tileWidth - width) / 2));
  return { input: png, left, top: Math.max(0, Math.round((captionHeight - height) / 2)) };
}
