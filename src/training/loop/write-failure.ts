/** What to say when a run's folder cannot be written to: a full disk, most often. What was complete before, still is. */
import { CycleboxError, systemCodeOf } from '../../base/index.js';

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: 'there is no space left on the disk',
  EDQUOT: "the user's quota of the disk is used up",
  EROFS: 'the file system is read-only',
  EACCES: 'it may not be written to',
  EPERM: 'it may not be written to',
  EIO: 'the disk reports an error',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open',
};

/**
 * An error as it is, but for those of the system that say why nothing can be written.
 * @param out the run's folder
 */
export function explainWriting(error: unknown, out: string): unknown {
  if (error instanceof CycleboxError && error.code !== 'WRITE_FAILED') return error;
  const code = systemCodeOf(error);
  const reason = code === undefined ? undefined : reasons[code];
  if (reason === undefined) return error;
  const message = `${out} could not be written to: ${reason} (${code}). When that is mended, the training goes on from its last checkpoint: cyclebox train --resume --out ${out}`;
  return new CycleboxError('WRITE_FAILED', message, { subject: { file: out }, cause: error });
}
