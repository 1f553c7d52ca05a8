/**
 * Names in the outbox: which of them count as the same. Pure text; which are taken, the publisher knows, and which one
 * comes after one that is taken, `base/numbered-name.ts`.
 */
import { numbered, type RelativePath } from '../../base/index.js';

/**
 * Equal for names that some file system holds to be one: other case, other Unicode form. Coarser than any of them
 * (`ß` and `SS`, `ς` and `σ` are one), which costs no more than a number too many.
 */
export function foldName(path: RelativePath): string {
  return path.normalize('NFD').toLowerCase().toUpperCase().toLowerCase().normalize('NFC');
}

/** True for the name itself, `a.png`, and for those that come after it, `a (2).png`. */
export function isNumberOf(wanted: RelativePath, name: RelativePath): boolean {
  const numbers = [...name.matchAll(/ \((\d+)\)/g)].map(match => Number(match[1]));
  return [1, ...numbers].some(number => numbered(wanted, number) === name);
}
