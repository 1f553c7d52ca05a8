/** What the system says of a path that leads to nothing: told apart from what it could not find out. */

/** True for a file or folder that is not there, or whose folder is a file. */
export function isGone(error: NodeJS.ErrnoException): boolean {
  return error.code === 'ENOENT' || error.code === 'ENOTDIR';
}

/** For `catch`: nothing instead of what is not there; any other error is thrown again. */
export function undefinedIfGone(error: NodeJS.ErrnoException): undefined {
  if (!isGone(error)) throw error;
}
