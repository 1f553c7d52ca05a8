/**
 * What there is to train on, before anything is decoded: folders looked through, partners found, sizes known. Made once
 * at the start; `--explain` needs no more than this.
 */
import type { DataSettings } from './data-settings.js';
import type { Geometry, Size } from './geometry.js';
import { matchPairs } from './match-pairs.js';
import { decodedSize, type Sample, sideBySideSamples, singleSamples, sizeMismatchOf } from './sample.js';
import { type FolderScan, scanFolder } from './scan-folder.js';

export interface DataSurvey {
  /** Of A and of B, or the one that holds both. */
  readonly folders: readonly FolderScan[];
  /** Samples of A and of B, or one list of pairs. */
  readonly sets: readonly (readonly Sample[])[];
  /** Files without a partner, for each folder. */
  readonly unmatched: readonly (readonly string[])[];
}

/** @throws FILE_NOT_FOUND, FILE_UNREADABLE, DATASET_EMPTY naming the folder */
export async function surveyData({ a, b, pairing = 'none' }: DataSettings): Promise<DataSurvey> {
  if (pairing === 'side-by-side') {
    const scan = await scanFolder(a);
    return { folders: [scan], sets: [sideBySideSamples(scan)], unmatched: [[]] };
  }
  const [scanA, scanB] = await Promise.all([scanFolder(a), scanFolder(b)]);
  const folders = [scanA, scanB];
  if (pairing === 'none') return { folders, sets: folders.map(singleSamples), unmatched: [[], []] };
  const { pairs, unmatched } = matchPairs(scanA, scanB);
  return { folders, sets: [pairs], unmatched };
}

/** Steps of batch 1 in a pass over the larger domain, or over the pairs. */
export function epochLength({ sets }: DataSurvey, geometry: Geometry): number {
  return Math.max(...sets.map(samples => usableOf(samples, geometry).length));
}

/** Bytes that all usable images take when they are decoded, ready to be cropped. */
export function decodedBytes({ sets }: DataSurvey, geometry: Geometry): number {
  return sets
    .flatMap(samples => usableOf(samples, geometry))
    .reduce((sum, sample) => {
      const pictures = sample.files.flatMap(({ regions }) => regions).length;
      return sum + pictures * pictureBytes(decodedSize(sample, geometry));
    }, 0);
}

/** The same where only a number of images is known. @param aspect longer side / shorter side, on average */
export function decodedBytesOf(images: number, loadSize: number, aspect = 1): number {
  return images * pictureBytes({ width: Math.round(loadSize * aspect), height: loadSize });
}

function pictureBytes({ width, height }: Size): number {
  return 3 * width * height;
}

function usableOf(samples: readonly Sample[], geometry: Geometry): readonly Sample[] {
  return samples.filter(sample => !sizeMismatchOf(sample, geometry));
}
