/**
 * Finds the partners in two folders by their names: the file of the same path, or of the same path but for the ending.
 * A name that fits several files on one side fits none: guessing would train on wrong pairs without a word.
 */
import { CycleboxError } from '../../base/index.js';
import { pairSample, type Sample } from './sample.js';
import type { FolderScan, ScannedImage } from './scan-folder.js';

export interface MatchedPairs {
  readonly pairs: readonly Sample[];
  /** Files without a partner, of A and of B. */
  readonly unmatched: readonly [readonly string[], readonly string[]];
}

/** @throws DATASET_EMPTY when no file has a partner */
export function matchPairs(a: FolderScan, b: FolderScan): MatchedPairs {
  const partners = new Map<ScannedImage, ScannedImage>();
  for (const nameOf of [(file: string) => file, withoutEnding]) {
    const [left, right] = [
      byName(a.images, nameOf, [...partners.keys()]),
      byName(b.images, nameOf, [...partners.values()]),
    ];
    for (const [name, [image, ...more]] of left) {
      const [partner, ...others] = right.get(name) ?? [];
      if (partner && more.length + others.length === 0) partners.set(image!, partner);
    }
  }
  if (partners.size === 0) throw noPairs(a, b);
  const taken = new Set([...partners].flat());
  const rest = ({ images }: FolderScan) => images.filter(image => !taken.has(image)).map(({ file }) => file);
  const pairs = a.images.filter(image => partners.has(image)).map(image => pairSample(image, partners.get(image)!));
  return { pairs, unmatched: [rest(a), rest(b)] };
}

function byName(images: readonly ScannedImage[], nameOf: (file: string) => string, taken: readonly ScannedImage[]) {
  const done = new Set(taken);
  const named = new Map<string, ScannedImage[]>();
  for (const image of images) {
    const name = nameOf(image.file);
    if (!done.has(image)) named.set(name, [...(named.get(name) ?? []), image]);
  }
  return named;
}

function withoutEnding(file: string): string {
  return file.replace(/\.[^./]*$/, '');
}

function noPairs(a: FolderScan, b: FolderScan): CycleboxError {
  const [nameA, nameB] = [a.images[0]!.file, b.images[0]!.file];
  const message =
    `No image in ${a.folder} has a partner of the same name in ${b.folder}: one has ${nameA}, the other ${nameB}, for example. ` +
    'Give the two images of a pair the same path and name; endings may differ.';
  return new CycleboxError('DATASET_EMPTY', message, { subject: { file: b.folder } });
}
