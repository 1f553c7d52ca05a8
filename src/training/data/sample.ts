/**
 * What a training draws: an image of one domain, or a pair of one image of each. A sample knows files and sizes, not
 * pixels, and which size it is trained at under a geometry; its place in a list of samples never changes in a run.
 */
import type { Region } from './decode-parts.js';
import { cropFits, type Geometry, isScaled, loadedSize, type Size } from './geometry.js';
import type { FolderScan, ScannedImage } from './scan-folder.js';

/** A file that a sample is read from. */
export interface SampleFile extends Size {
  /** Which folder of the survey it is in. */
  readonly folder: number;
  /** Relative to the folder, with `/`. */
  readonly file: string;
  /** Of the file. */
  readonly bytes: number;
  /** The pictures in it: all of it, or its halves. */
  readonly regions: readonly Region[];
}

export interface Sample {
  /** Their regions, one after the other, are the sample's pictures: one, or that of A and that of B. */
  readonly files: readonly SampleFile[];
}

/** Every image of a folder by itself. */
export function singleSamples({ images }: FolderScan, folder: number): readonly Sample[] {
  return images.map(image => ({ files: [wholeFile(image, folder)] }));
}

/** Two images as the pair of A and B. */
export function pairSample(a: ScannedImage, b: ScannedImage): Sample {
  return { files: [wholeFile(a, 0), wholeFile(b, 1)] };
}

/** Images whose left half is A and whose right half is B; the middle column of an odd width is in neither. */
export function sideBySideSamples({ images }: FolderScan): readonly Sample[] {
  return images.map(image => {
    const half = { top: 0, width: Math.floor(image.width / 2), height: image.height };
    const regions = [
      { ...half, left: 0 },
      { ...half, left: image.width - half.width },
    ];
    return { files: [{ ...wholeFile(image, 0), regions }] };
  });
}

function wholeFile({ file, width, height, bytes }: ScannedImage, folder: number): SampleFile {
  return { folder, file, width, height, bytes, regions: [{ left: 0, top: 0, width, height }] };
}

/** Why no crop can be taken of a sample: `shape` when the two pictures of a pair do not lie on each other. */
export type SizeMismatch = 'small' | 'other-size' | 'shape';

/** The size that all pictures of a sample are decoded to: that which its first one has when it is scaled. */
export function decodedSize({ files }: Sample, geometry: Geometry): Size {
  return loadedSize(files[0]!.regions[0]!, geometry);
}

/** Why no crop can be taken of a sample under a geometry; undefined when one can. */
export function sizeMismatchOf(sample: Sample, geometry: Geometry): SizeMismatch | undefined {
  const size = decodedSize(sample, geometry);
  // Partners that were scaled one by one may differ by a rounding; those that are not may not differ at all.
  const slack = isScaled(geometry) ? 1 : 0;
  const regions = sample.files.flatMap(file => file.regions);
  if (regions.some(region => difference(size, loadedSize(region, geometry)) > slack)) return 'shape';
  if (cropFits(size, geometry)) return undefined;
  return geometry.preprocess === 'none' ? 'other-size' : 'small';
}

function difference(one: Size, other: Size): number {
  return Math.max(Math.abs(one.width - other.width), Math.abs(one.height - other.height));
}
