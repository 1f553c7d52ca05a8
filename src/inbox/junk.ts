/**
 * Names that are never images for us: what desktops, network shares, browsers, editors and synchronisers leave lying
 * about, and what the user's own patterns add. A name decides here, never the content; what is no image but is not
 * junk gets an error that names it.
 */
import picomatch from 'picomatch';
import type { RelativePath } from './types.js';

const names: ReadonlySet<string> = new Set([
  'thumbs.db',
  'ehthumbs.db',
  'desktop.ini',
  '@eadir',
  '__macosx',
  '#recycle',
  '$recycle.bin',
  'system volume information',
  'lost+found',
]);

/** Downloads, copies and edits under way. Syncthing's temporaries (`.syncthing.x.tmp`, `~syncthing~x.tmp`) end so too. */
const endings = [
  '.part',
  '.partial',
  '.crdownload',
  '.download',
  '.opdownload',
  '.filepart',
  '.aria2',
  '.!qb',
  '.!ut',
  '.!sync',
  '.bts',
  '.tmp',
  '.temp',
  '.swp',
  '~',
];

/** True for a file or folder name to be passed over, with everything below it. Dot-files all are. */
export function isJunk(name: string): boolean {
  if (name.startsWith('.') || name.startsWith('~$')) return true;
  const lower = name.toLowerCase();
  return names.has(lower) || endings.some(ending => lower.endsWith(ending));
}

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
