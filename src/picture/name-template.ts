/**
 * What results are called: templates such as `{stem}-{to}{ext}` or `{to}/{folder}/{stem}`. A template with a slash is a path below the
 * outbox; without one, it is a name in the image's own folder. What must stay true: whatever an image is called, no
 * result leaves the outbox, is hidden, or has a name that a file system would refuse.
 */
import { posix } from 'node:path';
import { didYouMean, numbered } from '../base/index.js';

/** What may stand between braces, and what it is. */
export const nameWords = {
  stem: "the image's name without its extension",
  name: 'the same',
  ext: "the result's extension with its dot, at the end; added where it is left out",
  folder: "the image's folder below the inbox, a path",
  parent: 'the last part of that',
  pair: 'the pair',
  from: "the image's domain",
  to: "the result's",
  date: 'the day of the translation, 2026-01-31',
  time: 'its time, 23-59-59',
  taken: 'the day on which the image says that it was taken, else `undated`',
  width: "the result's width in pixels",
  height: 'its height',
  hash: "the first eight digits of the image's SHA-256",
} as const;

export type NameWord = keyof typeof nameWords;

/** What is known of one result. */
export type NameFacts = Readonly<Record<Exclude<NameWord, 'name'>, string>>;

/** A result, as far as names speak of it. */
export interface NamedResult {
  /** Of the image, relative to the inbox. */
  readonly path: string;
  /** The image's name, with the extension of the result. */
  readonly name: string;
  readonly pair?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly width: number | string;
  readonly height: number | string;
  /** `2024-12-24T18:30:00` */
  readonly takenAt?: string | undefined;
  readonly sha256?: string | undefined;
  readonly at: Date;
}

/** In local time, as a clock on the wall has it. */
export function nameFactsOf(result: NamedResult): NameFacts {
  const { path, name, pair = '', from = '', to = '', width, height, takenAt, sha256 = '', at } = result;
  const { name: stem, ext } = posix.parse(name);
  const folder = posix.dirname(path) === '.' ? '' : posix.dirname(path);
  const two = (value: number) => String(value).padStart(2, '0');
  return {
    ...{ stem, ext, folder, parent: posix.basename(folder), pair, from, to },
    date: [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())].join('-'),
    time: [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join('-'),
    taken: takenAt?.slice(0, 10) ?? 'undated',
    ...{ width: String(width), height: String(height), hash: sha256.slice(0, 8) },
  };
}

/** What tells one image from another in a folder: without them, all results would have one name. */
const telling: readonly NameWord[] = ['stem', 'name', 'hash'];

const placeholder = /\{([^{}]*)\}/g;

/** What is wrong with a template, as the end of a sentence about it; undefined where nothing is. */
export function nameFault(template: string): string | undefined {
  const words = [...template.matchAll(placeholder)].map(([, word]) => word ?? '');
  const unknown = words.find(word => !Object.hasOwn(nameWords, word));
  if (unknown !== undefined) {
    const known = Object.keys(nameWords);
    return `has {${unknown}}, which is none of ${known.map(word => `{${word}}`).join(', ')}.${didYouMean(unknown, known)}`;
  }
  if (/[{}]/.test(template.replace(placeholder, ''))) return 'has a brace without its other half';
  if (!words.some(word => telling.includes(word as NameWord)))
    return 'must have {stem} or {hash} in it, or all results would have one name';
  return extensionFault(template) ?? folderFault(template) ?? segmentFault(template);
}

function extensionFault(template: string): string | undefined {
  const at = template.indexOf('{ext}');
  return at < 0 || at === template.length - '{ext}'.length ? undefined : 'must have {ext} at its end, or nowhere';
}

function folderFault(template: string): string | undefined {
  const segments = template.split('/');
  const isPart = segments.some((segment, i) =>
    segment.includes('{folder}') ? segment !== '{folder}' || i === segments.length - 1 : false,
  );
  return isPart
    ? 'must have {folder}, which is a path, between slashes: "{to}/{folder}/{stem}"; {parent} is a name'
    : undefined;
}

/** What Windows refuses in names, and slashes are not. */
const refused = /[<>:"|?*\\\p{Cc}]/u;
const reserved = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

function segmentFault(template: string): string | undefined {
  if (template.startsWith('/')) return 'must be relative to the outbox';
  for (const segment of template.replace(/\{ext\}$/, '').split('/')) {
    const sample = segment.replace(placeholder, 'x');
    if (sample === '') return 'has nothing between two slashes, or before its extension';
    if (sample === '.' || sample === '..') return `has "${sample}" between slashes, which would lead elsewhere`;
    if (sample.startsWith('.')) return 'must not begin with a dot, between slashes either: results are not hidden';
    if (/[. ]$/.test(sample)) return 'has a name in it that ends in a dot or a blank, which Windows does not keep';
    if (refused.test(sample)) return 'has a character in it that names cannot have everywhere: < > : " | ? * \\';
    if (reserved.test(sample)) return `has "${sample}" in it, which is no name on Windows`;
  }
  return undefined;
}

/** Whether results may come into other folders than their images'. */
export function leadsElsewhere(template: string): boolean {
  return template.includes('/');
}

export interface TemplatedName {
  /** Relative to the outbox; undefined: the image's own. */
  readonly folder: string | undefined;
  readonly name: string;
}

/** @param template without a fault */
export function nameAfter(template: string, facts: NameFacts): TemplatedName {
  const path = template.replace(/\{ext\}$/, '');
  const segments = path.split('/').map(segment => filled(segment, facts));
  const name = `${plainSegment(segments.at(-1)!)}${facts.ext}`;
  if (!leadsElsewhere(template)) return { folder: undefined, name };
  const folders = segments.slice(0, -1).flatMap(segment => segment.split('/'));
  return {
    folder: folders
      .filter(part => part !== '')
      .map(plainSegment)
      .join('/'),
    name,
  };
}

function filled(segment: string, facts: NameFacts): string {
  return segment.replace(placeholder, (_, word: string) => {
    const value = facts[(word === 'name' ? 'stem' : word) as keyof NameFacts];
    return word === 'folder' ? value : value.replaceAll('/', '-');
  });
}

/** Of names that images have, `..` is one; and some are as long as names may be already. */
function plainSegment(segment: string): string {
  const shown = segment.replace(/^\.+/, dots => '_'.repeat(dots.length));
  return shown === '' ? '_' : numbered(shown, 1);
}
