/** The work of `cyclebox plugins new`: the folder of a new plugin, whole or not at all, and never over another one. */
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { CycleboxError, idPattern } from '../../base/index.js';
import { type PluginKind, type ScaffoldLanguage, scaffoldFiles } from '../scaffold/index.js';
import { exitCodes } from '../terminal/index.js';

export interface NewPluginOptions {
  readonly kind: PluginKind;
  readonly language: ScaffoldLanguage;
  readonly folder: string;
  readonly json?: boolean;
}

/** @returns the exit code @throws USAGE, FILE_EXISTS, WRITE_FAILED */
export async function newPlugin(name: string, { kind, language, folder, json }: NewPluginOptions): Promise<number> {
  if (!idPattern.test(name)) {
    const message = `"${name}" is no name for a plugin: it must be lower-case words joined by hyphens, such as "cat-dog".`;
    throw new CycleboxError('USAGE', message);
  }
  const files = scaffoldFiles({ name, kind, language });
  const place = join(resolve(folder), name);
  await writeWhole(place, files);
  const written = [...files.keys()];
  if (json)
    process.stdout.write(`${JSON.stringify({ name, kind, language, folder: place, files: written }, null, 2)}\n`);
  else
    process.stdout.write(
      `${written.map(file => join(relative('', place) || place, file)).join('\n')}\nREADME.md says what to do next.\n`,
    );
  return exitCodes.ok;
}

async function writeWhole(place: string, files: ReadonlyMap<string, string | Uint8Array>): Promise<void> {
  await mkdir(dirname(place), { recursive: true });
  const staging = await mkdtemp(join(dirname(place), '.cyclebox-new-'));
  try {
    for (const [path, content] of files) {
      const file = join(staging, path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, content);
    }
    await moveTo(staging, place);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** An empty folder that is there already is taken, as the system has it. */
async function moveTo(staging: string, place: string): Promise<void> {
  try {
    await rename(staging, place);
  } catch (cause) {
    const isTaken = ['ENOTEMPTY', 'EEXIST', 'ENOTDIR', 'EPERM'].includes((cause as NodeJS.ErrnoException).code ?? '');
    const subject = { file: place };
    if (isTaken) {
      const message = `${place} is there already and was left as it is. Choose another name, or another folder with --folder.`;
      throw new CycleboxError('FILE_EXISTS', message, { subject, cause });
    }
    throw new CycleboxError('WRITE_FAILED', `${place} could not be written: ${(cause as Error).message}`, {
      subject,
      cause,
    });
  }
}
