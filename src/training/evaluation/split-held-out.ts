/**
 * The images of one domain that are judged, and those that the style classifier is fitted on. Where no other images are
 * given for fitting, half of them serve for it, by chance but always the same half; then only the other half is asked for
 * its style, and everything else is measured on all.
 */
import { CycleboxError, Random } from '../../base/index.js';
import { eachImage, type ImageSet, loadImages, type SkippedImage } from './load-images.js';
import { type Thumbnail, thumbnailOf } from './style-view.js';

export interface HeldOutSplit extends ImageSet {
  /** Whether the classifier may be asked about the image: it has not been fitted on it. */
  readonly isHeldOut: readonly boolean[];
  /** Files to fit the classifier on. */
  readonly fitted: readonly string[];
}

export interface HeldOutSplitOptions {
  readonly files: readonly string[];
  /** Other files of the domain to fit on. */
  readonly train: readonly string[] | undefined;
  readonly size: number;
  /** Images that are judged, at most: spread over all files. */
  readonly limit: number;
  readonly seed: number;
}

/** More images than this are not needed to fit a small network, and take minutes to read. */
const maxFitted = 2000;

/** @throws DATASET_EMPTY */
export async function splitHeldOut({ files, train, size, limit, seed }: HeldOutSplitOptions): Promise<HeldOutSplit> {
  const fitted = train ? spread(train, maxFitted) : spread(halfOf(files, seed), maxFitted);
  const known = new Set(fitted);
  const set = await loadImages(spread(files, limit), size);
  if (set.images.length === 0) throw noneReadable(files, set.skipped);
  return { ...set, fitted, isHeldOut: set.files.map(file => !known.has(file)) };
}

export interface Thumbnails {
  readonly thumbnails: readonly Thumbnail[];
  readonly skipped: readonly SkippedImage[];
}

/** What the classifier is fitted on: brought to the size that is judged first, as the judged images are. */
export async function readThumbnails(files: readonly string[], size: number): Promise<Thumbnails> {
  const thumbnails: Thumbnail[] = [];
  const skipped = await eachImage(files, size, image => thumbnails.push(thumbnailOf(image)));
  return { thumbnails, skipped };
}

/** At most `count` of the items, at even distances. */
export function spread<T>(items: readonly T[], count: number): readonly T[] {
  if (items.length <= count) return items;
  return Array.from({ length: count }, (_, index) => items[Math.floor((index * items.length) / count)]!);
}

function halfOf(files: readonly string[], seed: number): readonly string[] {
  const order = new Random(seed).shuffle(files.map((_, index) => index)).slice(0, Math.floor(files.length / 2));
  const chosen = new Set(order);
  return files.filter((_, index) => chosen.has(index));
}

function noneReadable(files: readonly string[], [first]: readonly SkippedImage[]): CycleboxError {
  const why = first ? `The first: ${first.file} ${first.reason}.` : 'There are none.';
  return new CycleboxError(
    'DATASET_EMPTY',
    `None of ${files.length} image files to evaluate with could be read. ${why}`,
  );
}
