/** What is said of an image that was read, where it held more than was taken from it. */
import type { Metadata } from 'sharp';
import type { ReadingPlan } from './reading-plan.js';

/** Sentences without a subject, which is the file. @param zeros at its end, where they are suspicious */
export function notesOn({ notes, format }: ReadingPlan, metadata: Metadata, zeros: number): readonly string[] {
  const { pages = 1, depth, bitsPerSample, space } = metadata;
  const parts = format === 'tiff' ? 'pages' : 'frames';
  const isDeep = depth !== 'uchar' || (bitsPerSample ?? 8) > 8;
  return [
    ...notes,
    ...(pages > 1 ? [`only one of its ${pages} ${parts} was read`] : []),
    ...(isDeep ? [`its ${Math.max(bitsPerSample ?? 16, 9)} bits a channel became 8`] : []),
    ...(space === 'cmyk' ? ['its CMYK colours became sRGB'] : []),
    ...(zeros > 0 ? [`its last ${zeros} bytes are zeros, as in a file that was never finished`] : []),
  ];
}
