/** What of a training's options says where files lie, in the words of those who train it elsewhere: below the shared folders. */
import { stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { CycleboxError } from '../../base/index.js';
import type { TrainingRoots } from '../../dispatch/index.js';
import type { TrainingFile } from '../../training/index.js';

const folderOptions = ['a', 'b', 'testA', 'testB', 'warmStart'] as const;

/**
 * With absolute paths: a folder that is given relative, and is not below a shared folder from here, is relative to the images.
 * @throws FILE_NOT_FOUND for one that is not there, where this machine can see it
 */
export async function sharedFolders(options: TrainingFile, roots: TrainingRoots): Promise<TrainingFile> {
  const seesImages = await isFolder(roots.images);
  const folders: Partial<Record<(typeof folderOptions)[number], string>> = {};
  for (const name of folderOptions) {
    const given = options[name];
    if (given === undefined) continue;
    const here = resolve(given);
    const folder = isAbsolute(given) || isBelow(roots, here) ? here : join(roots.images, given);
    if (seesImages && !(await isFolder(folder))) {
      const message = `Training option ${name}: there is no folder ${folder}.`;
      throw new CycleboxError('FILE_NOT_FOUND', message, { subject: { file: folder } });
    }
    folders[name] = folder;
  }
  return { ...options, ...folders };
}

/** The run's name that `--out` stands for: itself, or the folder in the shared folder of runs. @throws USAGE */
export function nameOf(out: string, { runs }: TrainingRoots): string {
  if (basename(out) === out || dirname(resolve(out)) === runs) return basename(out);
  const message = `--out is ${out}; allowed for a queued training: a name, or a folder in ${runs} ("trainings.runs").`;
  throw new CycleboxError('USAGE', message);
}

function isBelow({ images, runs }: TrainingRoots, path: string): boolean {
  return [images, runs].some(root => {
    const below = relative(root, path);
    return !isAbsolute(below) && below.split(/[\\/]/)[0] !== '..';
  });
}

function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    status => status.isDirectory(),
    () => false,
  );
}
