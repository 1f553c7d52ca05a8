/**
 * A report on a folder of training images in sentences: what is unusual, with some names and the remedy. Nothing is said
 * of a folder of plain images that are all used.
 */
import { CycleboxError } from '../../base/index.js';
import type { DataReport, UnfitImage } from './data-report.js';
import { emptyFolder } from './empty-folder.js';
import type { Geometry } from './geometry.js';
import type { SizeMismatch } from './sample.js';

/** Names in a sentence, at most. */
const shown = 3;

export function describeReport(report: DataReport): readonly string[] {
  const { folder, skipped, unmatched, grey, sixteenBit, alpha } = report;
  const listed = names(
    skipped.map(({ file, reason }) => `${file} ${reason}`),
    '; ',
  );
  return [
    ...told(skipped, `${counted(skipped.length, 'file')} in ${folder} ${are(skipped)} skipped: ${listed}.`),
    ...mismatches.flatMap(reason => describeUnfit(report, reason)),
    ...told(
      unmatched,
      `${of(report, unmatched.length)} ${have(unmatched)} no partner of the same name: ${names(unmatched)}.`,
    ),
    ...told(grey, `${of(report, grey)} ${are(grey)} grey: they are used as colour images.`),
    ...told(sixteenBit, `${of(report, sixteenBit)} ${have(sixteenBit)} more than 8 bits a channel: 8 are used.`),
    ...told(alpha, `${of(report, alpha)} ${have(alpha)} transparency: it is ignored, the colours under it are used.`),
  ];
}

/** @throws IMAGE_TOO_SMALL, DATASET_EMPTY when no image of the folder can be used, with the reasons */
export function requireUsed(report: DataReport): void {
  if (report.used > 0) return;
  if (report.unfit.length === 0) throw emptyFolder(report.folder, report.skipped);
  const isSmall = report.unfit.some(({ reason }) => reason === 'small');
  const message = mismatches.flatMap(reason => describeUnfit(report, reason)).join(' ');
  throw new CycleboxError(isSmall ? 'IMAGE_TOO_SMALL' : 'DATASET_EMPTY', message, { subject: { file: report.folder } });
}

const mismatches = ['small', 'other-size', 'shape'] as const satisfies readonly SizeMismatch[];

function describeUnfit(report: DataReport, mismatch: SizeMismatch): readonly string[] {
  const unfit = report.unfit.filter(({ reason }) => reason === mismatch);
  const { what, remedy } = explain(mismatch, report.geometry);
  return told(unfit, `${of(report, unfit.length)} ${are(unfit)} ${what}: ${names(unfit.map(withSize))}. ${remedy}`);
}

function explain(mismatch: SizeMismatch, { size, preprocess, loadSize }: Geometry): { what: string; remedy: string } {
  const crop = `${size} × ${size}`;
  switch (mismatch) {
    case 'small': {
      const scaled = preprocess === 'scale-width' ? ` when scaled to a width of ${loadSize}` : '';
      const what = `left out, being smaller than the crop of ${crop}${scaled}`;
      return {
        what,
        remedy: 'Give a smaller size, or have images scaled by their shorter side (preprocess resize-and-crop).',
      };
    }
    case 'other-size': {
      const remedy =
        'Whole images (preprocess none) must all have the size of the crop: give that size, or another preprocess.';
      return { what: `left out, not being ${crop}`, remedy };
    }
    case 'shape': {
      const remedy = 'The two images of a pair must show the same in the same proportions.';
      return { what: 'left out, having another shape than their partners', remedy };
    }
    default:
      return mismatch satisfies never;
  }
}

type Count = number | readonly unknown[];
const countOf = (count: Count) => (typeof count === 'number' ? count : count.length);
const told = (count: Count, sentence: string) => (countOf(count) > 0 ? [sentence] : []);
const are = (count: Count) => (countOf(count) === 1 ? 'is' : 'are');
const have = (count: Count) => (countOf(count) === 1 ? 'has' : 'have');
const counted = (count: number, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`;
const of = ({ images, folder }: DataReport, count: number) => `${count} of ${counted(images, 'image')} in ${folder}`;
const withSize = ({ file, width, height }: UnfitImage) => `${file} (${width} × ${height})`;

function names(all: readonly string[], separator = ', '): string {
  const rest = all.length - shown;
  return all.slice(0, shown).join(separator) + (rest > 0 ? `${separator}and ${rest} more` : '');
}
