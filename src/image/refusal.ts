/** The refusals of images, in one voice: which file, what it is, what to do. */
import { CycleboxError } from '../base/index.js';

/** Its pixels are not all there, or not as they were written: an intact copy would do. */
export function corruptImage(file: string, why: string, cause?: unknown): CycleboxError {
  const message = `${file} is truncated or damaged: ${why}. Replace it with an intact copy.`;
  return new CycleboxError('IMAGE_CORRUPT', message, { subject: { file }, cause });
}

/** @param what goes on after `is`: `a camera raw file (DNG)` */
export function unsupportedImage(file: string, what: string, remedy: string, cause?: unknown): CycleboxError {
  return new CycleboxError('IMAGE_UNSUPPORTED', `${file} is ${what}. ${remedy}`, { subject: { file }, cause });
}

export function tooLargeImage(file: string, size: string, limit: string): CycleboxError {
  const message =
    `${file} has ${size}; the limit is ${limit}. ` +
    'Scale it down, or raise the limit with --max-megapixels (option maxMegapixels).';
  return new CycleboxError('IMAGE_TOO_LARGE', message, { subject: { file } });
}
