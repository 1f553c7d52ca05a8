/**
 * A data set into a folder: fetched from where it was published or from a mirror, or taken from an archive or a folder
 * that is here. The folder appears whole, with all its images, or not at all; a fetch that was interrupted goes on.
 */
import { constants, copyFile, mkdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { CycleboxError, packageVersion, sha256File, writeFileAtomic } from '../base/index.js';
import { unpackZip } from '../download/index.js';
import type { ImageCounts, PublishedDataset } from './collection.js';
import { countImages, filesBelow, missingImages, placeInDataset } from './dataset-files.js';
import { type FetchOptions, fetchArchive } from './fetch-archive.js';
import { stagingFolder } from './staging-folder.js';

export interface PullOptions extends FetchOptions {
  /** Where to (default: `datasets/NAME`). */
  readonly out?: string | undefined;
  /** An archive or a folder to take it from, instead of fetching it. */
  readonly from?: string | undefined;
  /** Takes other numbers of images than were published. */
  readonly anyCount?: boolean | undefined;
}

/** Where a data set came from. */
export type DatasetOrigin =
  | {
      readonly kind: 'address';
      readonly address: string;
      readonly sha256: string;
      readonly sizeBytes: number;
      readonly resumedFromBytes: number;
      /** Nobody published a hash, so this pull has pinned it: the file that says so. */
      readonly pinnedIn?: string;
    }
  | { readonly kind: 'archive'; readonly path: string; readonly sha256: string; readonly isPublished: boolean }
  | { readonly kind: 'folder'; readonly path: string }
  /** The folder was there, complete. */
  | { readonly kind: 'present' };

export interface PulledDataset {
  readonly name: string;
  /** Absolute. */
  readonly folder: string;
  readonly images: ImageCounts;
  readonly licence: string;
  readonly origin: DatasetOrigin;
}

/** The origin as it is recorded in the data set's folder. */
const recordName = 'dataset.json';

/**
 * @throws CycleboxError DOWNLOAD_FAILED and DOWNLOAD_MISMATCH, with what to download where; DATASET_INCOMPLETE,
 * DATASET_NOT_FOUND for one that is withheld, FILE_EXISTS, FILE_NOT_FOUND, ARCHIVE_UNSAFE, ARCHIVE_UNREADABLE,
 * WRITE_FAILED, CANCELLED
 */
export async function pullDataset(dataset: PublishedDataset, options: PullOptions = {}): Promise<PulledDataset> {
  const folder = resolve(options.out ?? join('datasets', dataset.name));
  const present = await presentDataset(dataset, folder, options.anyCount === true);
  if (present) return present;
  const staging = await stagingFolder(folder);
  try {
    const origin = await fill(staging.path, dataset, folder, options);
    const images = await requireImages(dataset, staging.path, options);
    await writeRecord(staging.path, dataset, images, origin);
    await rmdir(folder).catch(() => undefined);
    await rename(staging.path, folder);
    if (origin.kind === 'address') await rm(archiveOf(folder), { force: true });
    return { name: dataset.name, folder, images, licence: dataset.licence, origin };
  } finally {
    await staging.dispose();
  }
}

const archiveOf = (folder: string) => `${folder}.zip`;

/** What is in the folder, if that is the data set. @throws CycleboxError FILE_EXISTS when it is something else */
async function presentDataset(
  dataset: PublishedDataset,
  folder: string,
  anyCount: boolean,
): Promise<PulledDataset | undefined> {
  const isThere = await stat(folder).then(
    () => true,
    () => false,
  );
  if (!isThere) return undefined;
  const files = await filesBelow(folder);
  if (files.length === 0) return undefined;
  const images = countImages(files);
  const wrong = missingImages(dataset, images);
  if (files.includes(recordName) && (wrong.length === 0 || anyCount))
    return { name: dataset.name, folder, images, licence: dataset.licence, origin: { kind: 'present' } };
  const why = wrong.length > 0 ? ` (${wrong.join(', ')})` : '';
  throw new CycleboxError(
    'FILE_EXISTS',
    `${folder} is there and is not ${dataset.name} as it was published${why}. Use it as it is, move it away, or name another folder with --out.`,
    { subject: { file: folder } },
  );
}

/** Puts the images into the staging folder. */
async function fill(
  staging: string,
  dataset: PublishedDataset,
  folder: string,
  options: PullOptions,
): Promise<DatasetOrigin> {
  if (options.from === undefined) {
    const { path, ...fetched } = await fetchArchive(dataset, archiveOf(folder), options);
    await unpack(path, staging);
    return { kind: 'address', ...fetched };
  }
  const path = resolve(options.from);
  const status = await stat(path).catch(cause => {
    const message = `${path} does not exist. Name an archive (${basename(dataset.name)}.zip) or a folder with trainA and trainB.`;
    throw new CycleboxError('FILE_NOT_FOUND', message, { subject: { file: path }, cause });
  });
  if (status.isDirectory()) {
    await copyImages(path, staging);
    return { kind: 'folder', path };
  }
  await unpack(path, staging);
  const sha256 = await sha256File(path);
  return { kind: 'archive', path, sha256, isPublished: sha256 === dataset.sha256 };
}

/** Images hardly become smaller when they are packed: what unpacks to much more is something else. */
async function unpack(archive: string, folder: string): Promise<void> {
  const { size } = await stat(archive);
  await unpackZip(archive, folder, { maxBytes: 4 * size + 2 ** 24, maxFiles: 100_000 }, placeInDataset);
}

async function copyImages(from: string, to: string): Promise<void> {
  for (const file of await filesBelow(from)) {
    const path = placeInDataset(file);
    if (path === undefined) continue;
    await mkdir(dirname(join(to, path)), { recursive: true });
    await copyFile(join(from, file), join(to, path), constants.COPYFILE_FICLONE).catch(cause => {
      const message = `${join(from, file)} could not be copied: ${(cause as Error).message}.`;
      throw new CycleboxError('WRITE_FAILED', message, { subject: { file: join(from, file) }, cause });
    });
  }
}

async function requireImages(
  dataset: PublishedDataset,
  staging: string,
  { anyCount = false, from }: PullOptions,
): Promise<ImageCounts> {
  const files = await filesBelow(staging);
  const images = countImages(files);
  const wrong = missingImages(dataset, images);
  if (files.length > 0 && (wrong.length === 0 || anyCount)) return images;
  const why = files.length === 0 ? 'it has no images' : wrong.join(', ');
  throw new CycleboxError(
    'DATASET_INCOMPLETE',
    `${from ?? dataset.name} is not ${dataset.name} as it was published: ${why}. ` +
      'Fetch it anew, or take it as it is with --any-count.',
  );
}

async function writeRecord(
  folder: string,
  { name, licence }: PublishedDataset,
  images: ImageCounts,
  origin: DatasetOrigin,
): Promise<void> {
  const record = { name, licence, images, origin, cyclebox: packageVersion() };
  await writeFileAtomic(join(folder, recordName), `${JSON.stringify(record, null, 2)}\n`);
}
