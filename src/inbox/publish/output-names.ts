/**
 * Names in the outbox: which names count as the same, and which one comes after a name that is taken. Pure text; what
 * is taken, the publisher knows.
 */
import type { RelativePath } from '../../base/index.js';

/** What a file system takes for one name: 255 bytes on most, and UTF-8 is never shorter than UTF-16 units. */
const maxNameBytes = 255;

/** Endings longer than this are part of the name. */
const maxExtensionBytes = 32;

/**
 * Equal for names that some file system holds to be one: other case, other Unicode form. Coarser than any of them
 * (`ß` and `SS`, `ς` and `σ` are one), which costs no more than a number too many.
 */
export function foldName(path: RelativePath): string {
  return path.normalize('NFD').toUpperCase().toLowerCase().normalize('NFC');
}

/**
 * `a/b.jpg` → `a/b (2).jpg`; the first is the name itself. A name that would be too long for the file system loses
 * the end of its stem, whole characters at a time.
 */
export function numbered(path: RelativePath, number: number): RelativePath {
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
