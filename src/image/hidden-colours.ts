/**
 * What lies under full transparency is nobody's colour: black, white, or remains of an editor. A network would see it, and what it
 * sees there would reach into what is visible, by its field of view and by its normalisation. So it is given the
 * visible colours around it, drawn in smoothly from the edges (pull-push: Gortler et al. 1996, "The Lumigraph", 3.6).
 */
import { type PictureOf, type Samples, samplesLike } from '../picture/index.js';

/** Sides of the blocks, in pixels, whose visible colours are averaged first: memory for a 16th of the picture. */
const blockSide = 4;

/** Means of visible colours; cells without any have a weight of 0 until they are filled. */
interface Level {
  readonly width: number;
  readonly height: number;
  /** Four for each cell: red, green and blue times weight, and weight. */
  readonly sums: Float32Array;
}

/** The picture with other colours where it is fully transparent; the same one where it is nowhere, or everywhere. */
export function withoutHiddenColours<S extends Samples>(picture: PictureOf<S>): PictureOf<S> {
  const { alpha } = picture;
  if (!alpha?.includes(0) || alpha.every((value: number) => value === 0)) return picture;
  const blocks = filledBlocks(picture, alpha);
  const rgb = samplesLike(picture.rgb, picture.rgb.length);
  rgb.set(picture.rgb);
  const colour = new Float64Array(3);
  for (let i = 0; i < alpha.length; i++) {
    if (alpha[i] !== 0) continue;
    colourAt(blocks, blockSide, i % picture.width, Math.floor(i / picture.width), colour);
    for (let c = 0; c < 3; c++) rgb[i * 3 + c] = Math.round(colour[c]!);
  }
  return { ...picture, rgb };
}

function filledBlocks(picture: PictureOf<Samples>, alpha: Samples): Level {
  const levels = [blocksOf(picture, alpha)];
  for (let last = levels[0]!; last.width * last.height > 1; levels.push(last)) last = halved(last);
  for (let i = levels.length - 2; i >= 0; i--) fillFrom(levels[i + 1]!, levels[i]!);
  return levels[0]!;
}

function emptyLevel(width: number, height: number): Level {
  return { width, height, sums: new Float32Array(width * height * 4) };
}

function blocksOf({ width, height, rgb }: PictureOf<Samples>, alpha: Samples): Level {
  const level = emptyLevel(Math.ceil(width / blockSide), Math.ceil(height / blockSide));
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) {
      const weight = alpha[i]!;
      if (weight === 0) continue;
      const at = (Math.floor(y / blockSide) * level.width + Math.floor(x / blockSide)) * 4;
      for (let c = 0; c < 3; c++) level.sums[at + c] = level.sums[at + c]! + rgb[i * 3 + c]! * weight;
      level.sums[at + 3] = level.sums[at + 3]! + weight;
    }
  return level;
}

function halved(level: Level): Level {
  const half = emptyLevel(Math.ceil(level.width / 2), Math.ceil(level.height / 2));
  for (let y = 0; y < level.height; y++)
    for (let x = 0; x < level.width; x++) {
      const from = (y * level.width + x) * 4;
      const to = ((y >> 1) * half.width + (x >> 1)) * 4;
      for (let k = 0; k < 4; k++) half.sums[to + k] = half.sums[to + k]! + level.sums[from + k]!;
    }
  return half;
}

/** Cells without a colour get that of their neighbourhood, without steps. */
function fillFrom(coarse: Level, fine: Level): void {
  const colour = new Float64Array(3);
  for (let y = 0; y < fine.height; y++)
    for (let x = 0; x < fine.width; x++) {
      const at = (y * fine.width + x) * 4;
      if (fine.sums[at + 3]! > 0) continue;
      colourAt(coarse, 2, x, y, colour);
      fine.sums.set(colour, at);
      fine.sums[at + 3] = 1;
    }
}

/** Between the middles of the four cells around a place, of which `side` are a cell's. */
function colourAt({ width, height, sums }: Level, side: number, x: number, y: number, colour: Float64Array): void {
  const column = (x + 0.5) / side - 0.5;
  const row = (y + 0.5) / side - 0.5;
  const left = Math.floor(column);
  const top = Math.floor(row);
  colour.fill(0);
  for (let corner = 0; corner < 4; corner++) {
    const dx = corner & 1;
    const dy = corner >> 1;
    const share = (dx ? column - left : 1 - column + left) * (dy ? row - top : 1 - row + top);
    const at = (within(top + dy, height) * width + within(left + dx, width)) * 4;
    for (let c = 0; c < 3; c++) colour[c] = colour[c]! + (share * sums[at + c]!) / sums[at + 3]!;
  }
}

const within = (index: number, length: number): number => Math.min(length - 1, Math.max(0, index));
