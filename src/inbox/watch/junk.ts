/**
 * Names that are never images for the inbox: junk, and what the user's own patterns add. A name decides here, never the
 * content; what is no image but is not junk gets an error that names it.
 */
import picomatch from 'picomatch';
import { isJunk, type RelativePath } from '../../base/index.js';

/**
 * Tells which paths are passed over: junk, and what one of `patterns` matches. A pattern without `/` is matched with
 * the names of files and folders at any depth, one with `/` with the path in the inbox; neither looks at case.
 */
export function ignoring(patterns: readonly string[] = []): (path: RelativePath) => boolean {
  const matchers = patterns.map(pattern => picomatch(pattern, { dot: true, flags: 'is' }));
  const [byName, byPath] = [true, false].map(isName =>
    matchers.filter((_, index) => !patterns[index]?.includes('/') === isName),
  ) as [typeof matchers, typeof matchers];
  return path => {
    const parts = path.split('/');
    if (parts.some(isJunk)) return true;
    if (matchers.length === 0) return false;
    if (parts.some(part => byName.some(matches => matches(part)))) return true;
    // `done/**` and `done/` also mean what is below the folder.
    return (
      byPath.length > 0 && parts.some((_, at) => byPath.some(matches => matches(parts.slice(0, at + 1).join('/'))))
    );
  };
}
