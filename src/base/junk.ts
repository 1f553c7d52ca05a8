/**
 * Names of files and folders that nobody put there as content: what desktops, network shares, browsers, editors and
 * synchronisers leave lying about. A name decides here, never the content, and only names that cannot be meant: what is
 * no image but is not junk gets a message that names it.
 */

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
