/** What is said of an image that was read, where it held more than was taken from it. */
import type { Metadata } from 'sharp';
import type { Colour } from '../picture/index.js';
import { isProfile, isSrgb, parseProfile } from './icc-profile.js';
import type { ReadingPlan } from './reading-plan.js';

export interface Reading {
  /** At the file's end, where they are suspicious. */
  readonly zeros: number;
  /** All its bits were taken. */
  readonly isTakenDeep: boolean;
  readonly colour: Colour;
}

/** Sentences without a subject, which is the file. */
export function notesOn(
  { notes, format }: ReadingPlan,
  metadata: Metadata,
  { zeros, isTakenDeep, colour }: Reading,
): readonly string[] {
  const { pages = 1, depth, bitsPerSample, space } = metadata;
  const parts = format === 'tiff' ? 'pages' : 'frames';
  const isDeep = !isTakenDeep && (depth !== 'uchar' || (bitsPerSample ?? 8) > 8);
  return [
    ...notes,
    ...(pages > 1 ? [`only one of its ${pages} ${parts} was read`] : []),
    ...(isDeep ? [`its ${Math.max(bitsPerSample ?? 16, 9)} bits a channel became 8`] : []),
    ...(colour === 'source' && isTable(metadata)
      ? ['its colour profile is a table, which is not converted back to: its colours became sRGB']
      : []),
    ...(space === 'cmyk' ? ['its CMYK colours became sRGB'] : []),
    ...(zeros > 0 ? [`its last ${zeros} bytes are zeros, as in a file that was never finished`] : []),
  ];
}

/** Whether the colours are of another space than sRGB, by a profile that is no curves and a matrix. */
function isTable({ icc, space }: Metadata): boolean {
  if (!isProfile(icc) || space === 'cmyk') return false;
  const profile = parseProfile(icc);
  return !profile || (profile.kind === 'grey' && !isSrgb(profile));
}
