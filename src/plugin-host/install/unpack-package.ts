/**
 * Unpacks a `.cbx` file or tarball, as `npm pack` makes them, into a folder. Nothing but plain files and folders comes out of it,
 * nothing outside the folder, and no more than a plugin can need; an archive that holds anything else is refused as a whole.
 */
import { join } from 'node:path';
import type { list as listEntries, ReadEntry } from 'tar';
import { CycleboxError, systemCodeOf } from '../../base/index.js';

/** Models are the large part of a plugin. */
const mostBytes = 8 * 2 ** 30;
const mostFiles = 50_000;

/** npm's word for what is at the top of a package's archive. */
const topFolder = 1;

/** @throws ARCHIVE_UNREADABLE, ARCHIVE_UNSAFE naming the entry, WRITE_FAILED */
export async function unpackPackage(archive: string, folder: string): Promise<void> {
  try {
    // Loaded here, since a daemon, which never unpacks anything, has this file among its own.
    const { extract, list } = await import('tar');
    await judge(archive, list);
    await extract({ file: archive, cwd: folder, strip: topFolder, strict: true, preserveOwner: false });
  } catch (error) {
    if (error instanceof CycleboxError) throw error;
    const code = systemCodeOf(error);
    if (code === 'ENOENT') throw new CycleboxError('FILE_NOT_FOUND', `${archive} does not exist.`, { cause: error });
    if (code !== undefined) throw failed('WRITE_FAILED', archive, 'could not be unpacked', error);
    throw failed('ARCHIVE_UNREADABLE', archive, 'could not be read as a tarball; it may be cut off or damaged', error);
  }
}

/** Before anything is written. */
async function judge(archive: string, list: typeof listEntries): Promise<void> {
  const names = new Set<string>();
  let bytes = 0;
  let unsafe: string | undefined;
  const onReadEntry = (entry: ReadEntry) => {
    bytes += entry.size ?? 0;
    unsafe ??= faultOf(entry, names);
    names.add(foldedName(entry.path));
    if (bytes > mostBytes) unsafe ??= `it would unpack to more than ${mostBytes} bytes`;
    if (names.size > mostFiles) unsafe ??= `it holds more than ${mostFiles} files`;
  };
  await list({ file: archive, strict: true, onReadEntry });
  if (names.size === 0) throw failed('ARCHIVE_UNREADABLE', archive, 'holds nothing');
  if (unsafe !== undefined) throw failed('ARCHIVE_UNSAFE', archive, `is not unpacked: ${unsafe}`);
}

function faultOf({ path, type }: ReadEntry, names: ReadonlySet<string>): string | undefined {
  const name = JSON.stringify(path);
  if (type === 'Directory') return isInside(path.replace(/\/+$/, '')) ? undefined : `${name} leads out of its folder`;
  if (type !== 'File' && type !== 'OldFile') return `${name} is no plain file (${type})`;
  if (!isInside(path) || !path.includes('/')) return `${name} leads out of its folder`;
  return names.has(foldedName(path)) ? `it has two files named ${name}` : undefined;
}

function isInside(path: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return !/[\\:\u0000-\u001f]/.test(path) && path.split('/').every(part => !['', '.', '..'].includes(part));
}

/** Systems that do not tell upper case from lower would write one over the other. */
const foldedName = (path: string): string => join(path).normalize('NFC').toLowerCase();

function failed(
  code: 'ARCHIVE_UNREADABLE' | 'ARCHIVE_UNSAFE' | 'WRITE_FAILED',
  archive: string,
  what: string,
  cause?: unknown,
): CycleboxError {
  const why = cause instanceof Error ? `: ${cause.message}` : '';
  return new CycleboxError(code, `${archive} ${what}${why}. Get it from where it was published.`, {
    subject: { file: archive },
    cause,
  });
}
