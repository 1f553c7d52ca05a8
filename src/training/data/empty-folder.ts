/** Files of a folder that are no images, and the error where there is nothing else. */
import { CycleboxError } from '../../base/index.js';

export interface SkippedFile {
  readonly file: string;
  /** Goes on after the name: `is a text file`. */
  readonly reason: string;
}

/** An error for a folder none of whose files is any good. */
export function emptyFolder(folder: string, skipped: readonly SkippedFile[]): CycleboxError {
  const [first] = skipped;
  const what = first
    ? `${folder} holds no readable image: ${first.file} ${first.reason}${skipped.length > 1 ? `, and so on for ${skipped.length} files` : ''}`
    : `${folder} holds no images`;
  const message = `${what}. Put JPEG, PNG, WebP, AVIF or TIFF files of one domain there.`;
  return new CycleboxError('DATASET_EMPTY', message, { subject: { file: folder } });
}
