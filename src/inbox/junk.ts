/**
 * Names that are never images for us: what desktops, network shares, browsers and editors leave lying about. A name
 * decides here, never the content; what is no image but is not junk gets an error that names it.
 */
const names: ReadonlySet<string> = new Set([
  'thumbs.db',
  'desktop.ini',
  '@eadir',
  '__macosx',
  '#recycle',
  'lost+found',
]);
const endings = ['.part', '.partial', '.crdownload', '.download', '.tmp', '.temp', '.filepart', '.swp', '~'];

/** True for a file or folder name to be passed over, with everything below it. Dot-files all are. */
export function isJunk(name: string): boolean {
  const lower = name.toLowerCase();
  if (lower.startsWith('.') || lower.startsWith('~$') || names.has(lower)) return true;
  return endings.some(ending => lower.endsWith(ending));
}
