/**
 * Tells whether a folder still holds the images that a training began with: by names and sizes of the files, not by
 * their place or their age, so that a folder may be moved or copied. A sampler's state counts images; it means
 * nothing in another folder.
 */
import { createHash } from 'node:crypto';
import { CycleboxError } from '../../base/index.js';
import type { DataSurvey } from './survey.js';

/** Plain JSON. */
export interface FolderFingerprint {
  readonly images: number;
  readonly sha256: string;
}

/** One for each folder of the survey, of the files that samples are made of. */
export function fingerprintsOf({ folders, sets }: DataSurvey): readonly FolderFingerprint[] {
  const files = sets.flat().flatMap(sample => sample.files);
  return folders.map((_, folder) => {
    const lines = files.filter(file => file.folder === folder).map(({ file, bytes }) => `${file}\0${bytes}\n`);
    return { images: lines.length, sha256: createHash('sha256').update(lines.join('')).digest('hex') };
  });
}

/** What a user is told of the first folder that differs, CHECKPOINT_INVALID; undefined when none does. */
export function changeSince(began: readonly FolderFingerprint[], survey: DataSurvey): CycleboxError | undefined {
  const now = fingerprintsOf(survey);
  const changed = now.findIndex((print, place) => print.sha256 !== began[place]?.sha256);
  if (changed < 0) return undefined;
  const { folder } = survey.folders[changed]!;
  const message =
    `${folder} has ${difference(began[changed]?.images ?? 0, now[changed]!.images)}. To go on as if nothing had happened, ` +
    'put the images back as they were; to go on with the folder as it is, accept it (acceptChangedData).';
  return new CycleboxError('CHECKPOINT_INVALID', message, { subject: { file: folder } });
}

function difference(began: number, now: number): string {
  if (began === now) return `images of other names or sizes than when the training began, as many (${now})`;
  const count = Math.abs(now - began);
  const change = `${count} ${count === 1 ? 'image' : 'images'} ${now < began ? 'fewer' : 'more'}`;
  return `${change} than when the training began: ${now} instead of ${began}`;
}
