/**
 * The name that comes after one that is taken: `a (2).png` after `a.png`. Pure text; what is taken, the caller knows.
 * What must stay true: no name is longer than file systems allow.
 */

/** What a file system takes for one name: 255 bytes on most, and UTF-8 is never shorter than UTF-16 units. */
const maxNameBytes = 255;

/** Endings longer than this are part of the name. */
const maxExtensionBytes = 32;

/**
 * `a/b.jpg` → `a/b (2).jpg`; the first is the name itself. A name that would be too long for the file system loses
 * the end of its stem, whole characters at a time.
 * @param path with `/` between folders
 */
export function numbered(path: string, number: number): string {
  const slash = path.lastIndexOf('/');
  const name = path.slice(slash + 1);
  const dot = name.lastIndexOf('.');
  const hasExtension = dot > 0 && Buffer.byteLength(name.slice(dot)) <= maxExtensionBytes;
  const end = hasExtension ? dot : name.length;
  const tail = `${number === 1 ? '' : ` (${number})`}${name.slice(end)}`;
  return path.slice(0, slash + 1) + shortened(name.slice(0, end), maxNameBytes - Buffer.byteLength(tail)) + tail;
}

function shortened(text: string, maxBytes: number): string {
  if (Buffer.byteLength(text) <= maxBytes) return text;
  let bytes = 0;
  let kept = '';
  for (const character of text) {
    bytes += Buffer.byteLength(character);
    if (bytes > maxBytes) break;
    kept += character;
  }
  return kept;
}
