/**
 * What was found in a folder of training images: how many are used, which are left out and why, what is unusual about
 * the rest. Plain JSON, for the history of a run; `describe-report.ts` makes sentences of it.
 */

import type { SkippedFile } from './empty-folder.js';
import type { Geometry } from './geometry.js';
import { type Sample, type SizeMismatch, sizeMismatchOf } from './sample.js';
import type { BadFile } from './sample-set.js';
import type { DataSurvey } from './survey.js';

/** An image that no crop can be taken of. */
export interface UnfitImage {
  readonly file: string;
  /** Of the file, in pixels. */
  readonly width: number;
  readonly height: number;
  readonly reason: SizeMismatch;
}

export interface DataReport {
  /** `A+B`: every image holds both. */
  readonly domain: 'A' | 'B' | 'A+B';
  readonly folder: string;
  /** What the images were looked at for. */
  readonly geometry: Geometry;
  /** Found, by their headers. */
  readonly images: number;
  /** Those that are trained on. */
  readonly used: number;
  /** No images, or images that cannot be decoded; found before the training or in it. */
  readonly skipped: readonly SkippedFile[];
  /** Left out under this geometry. */
  readonly unfit: readonly UnfitImage[];
  /** Without a partner in the other folder, where images come in pairs. */
  readonly unmatched: readonly string[];
  /** With one channel; they become colour images without colour. */
  readonly grey: number;
  /** With more than 8 bits a channel, usually 16; the upper 8 are used. */
  readonly sixteenBit: number;
  /** With transparency, which is passed over. */
  readonly alpha: number;
}

/** One for each folder. @param bad what was found bad in the training so far */
export function reportsOf(survey: DataSurvey, geometry: Geometry, bad: readonly BadFile[] = []): readonly DataReport[] {
  return survey.folders.map((_, place) => reportOf(survey, place, geometry, bad));
}

function reportOf(survey: DataSurvey, place: number, geometry: Geometry, allBad: readonly BadFile[]): DataReport {
  const { folder, images, skipped } = survey.folders[place]!;
  const bad = allBad.filter(file => file.folder === place).map(({ file, reason }) => ({ file, reason }));
  const isBad = ({ files }: Sample) =>
    allBad.some(one => files.some(({ folder, file }) => folder === one.folder && file === one.file));
  const samples = survey.sets.flat().filter(({ files }) => files.some(file => file.folder === place));
  const unfit = samples.flatMap(sample => {
    const reason = sizeMismatchOf(sample, geometry);
    const { file, width, height } = sample.files.find(one => one.folder === place)!;
    return reason ? [{ file, width, height, reason }] : [];
  });
  return {
    domain: survey.folders.length === 1 ? 'A+B' : place === 0 ? 'A' : 'B',
    folder,
    geometry,
    images: images.length,
    used: samples.filter(sample => !sizeMismatchOf(sample, geometry) && !isBad(sample)).length,
    skipped: [...skipped, ...bad],
    unfit,
    unmatched: survey.unmatched[place]!,
    grey: images.filter(({ isGrey }) => isGrey).length,
    sixteenBit: images.filter(({ isDeep }) => isDeep).length,
    alpha: images.filter(({ hasAlpha }) => hasAlpha).length,
  };
}
