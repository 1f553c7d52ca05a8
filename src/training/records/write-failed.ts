/** The one sentence for every record that cannot be written: which file, why, and what to do. */
import { CycleboxError, systemCodeOf } from '../../base/index.js';

const advice: Readonly<Record<string, string>> = {
  ENOSPC: 'Free some space, then go on with --resume.',
  EDQUOT: 'Free some space, then go on with --resume.',
  EACCES: 'Make the folder writable for this user.',
  EPERM: 'Make the folder writable for this user.',
  EROFS: 'Give an --out on a file system that can be written to.',
};

/** Runs `write`; what it throws becomes a coded error about `path`. @throws WRITE_FAILED */
export async function orWriteFailed<T>(path: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const remedy = advice[systemCodeOf(cause) ?? ''] ?? 'See that the folder is there and can be written to.';
    throw new CycleboxError('WRITE_FAILED', `${path} could not be written: ${reason}. ${remedy}`, {
      subject: { file: path },
      cause,
    });
  }
}
