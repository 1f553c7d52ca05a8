/**
 * Paths as words of the commands that the diagnosis advises, for the shells of Unix: a copied command does to a path
 * with spaces or quotes in it what it says, and nothing to another.
 */

/** As it is where it holds nothing special, else in single quotes. */
export function shellQuote(path: string): string {
  return /^[\w./:\\-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
