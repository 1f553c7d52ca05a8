/**
 * Which files of an archive or a folder belong to a data set, and how many images a data set has. By names alone: what
 * the files hold is looked at when they are decoded.
 */
import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { CycleboxError, isJunk, systemCodeOf } from '../base/index.js';
import { type DatasetFolder, datasetFolders, type ImageCounts, type PublishedDataset } from './collection.js';

const imageName = /\.(?:jpe?g|png|webp|avif|tiff?)$/i;
const isFolderName = (name: string): name is DatasetFolder => datasetFolders.some(folder => folder === name);

/**
 * The path below the data set's own folder of a file that may lie below another folder (`horse2zebra/trainA/1.jpg`).
 * @returns undefined for what is no image of the data set
 */
export function placeInDataset(path: string): string | undefined {
  const parts = path.split('/');
  if (!imageName.test(path) || parts.some(isJunk)) return undefined;
  const at = parts.findIndex(isFolderName);
  if (at >= 0) return parts.slice(at).join('/');
  return parts.length > 1 ? parts.slice(1).join('/') : path;
}

/** Paths of all files below a folder, relative to it, with `/`. @throws CycleboxError FILE_NOT_FOUND, FILE_UNREADABLE */
export async function filesBelow(folder: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    return entries
      .filter(entry => !entry.isDirectory())
      .map(entry => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
      .sort();
  } catch (cause) {
    const isMissing = systemCodeOf(cause) === 'ENOENT';
    const message = `${folder} ${isMissing ? 'does not exist' : `could not be read: ${(cause as Error).message}`}. Name a folder that you may read.`;
    throw new CycleboxError(isMissing ? 'FILE_NOT_FOUND' : 'FILE_UNREADABLE', message, {
      subject: { file: folder },
      cause,
    });
  }
}

/** Images by folder; what lies in no folder of the four is counted by none. */
export function countImages(paths: readonly string[]): ImageCounts {
  const of = (folder: DatasetFolder) =>
    paths.filter(path => path.startsWith(`${folder}/`) && imageName.test(path)).length;
  return { trainA: of('trainA'), trainB: of('trainB'), testA: of('testA'), testB: of('testB') };
}

/** What is wrong with the numbers of images: `trainA has 12 images of 1067`; empty when nothing is. */
export function missingImages({ images }: PublishedDataset, found: ImageCounts): readonly string[] {
  if (images === undefined) return [];
  return datasetFolders
    .filter(folder => found[folder] !== images[folder])
    .map(folder => `${folder} has ${found[folder]} images where ${images[folder]} were published`);
}
