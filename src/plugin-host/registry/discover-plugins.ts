/**
 * Finds plugin folders: in the folders that are named, among those that were installed, among npm packages, and those that come
 * with cyclebox. A folder that several ways lead to counts once, by the first. Nothing is run; a fault is a value.
 */
import { readdir, realpath, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { CycleboxError, packageRoot, readRegularText } from '../../base/index.js';
import type { FoundPlugin, PluginSource } from './plugin.js';
import { findPlugin } from './read-manifest.js';

export interface PluginPlaces {
  /** Each holds plugin folders, or is a plugin folder itself. */
  readonly folders?: readonly string[] | undefined;
  /** Where `plugins install` puts plugins; may be missing. */
  readonly installed?: string | undefined;
  /** A `node_modules` whose packages with the keyword `cyclebox-plugin` are plugins; may be missing. */
  readonly packages?: string | undefined;
  /** False: without those that come with cyclebox. Default true. */
  readonly builtIn?: boolean | undefined;
}

export interface Discovery {
  /** In order of precedence: see `pluginSources`; among themselves in the order of folders, then of names. */
  readonly found: readonly FoundPlugin[];
  /** FILE_NOT_FOUND, FILE_UNREADABLE for folders that were named. */
  readonly problems: readonly CycleboxError[];
}

/** The plugins that come with cyclebox. */
export const builtInFolder: string = join(packageRoot, 'plugins');

/** npm packages that have this among their keywords are plugins. */
export const packageKeyword = 'cyclebox-plugin';

interface Candidate {
  readonly folder: string;
  readonly source: PluginSource;
}

export async function discoverPlugins(places: PluginPlaces): Promise<Discovery> {
  const problems: CycleboxError[] = [];
  const named = await candidatesIn(places.folders ?? [], problems);
  const candidates = [
    ...named.filter(({ source }) => source === 'folder'),
    ...(await optional(places.installed, installedIn)),
    ...(await optional(places.packages, packagesIn)),
    ...named.filter(({ source }) => source === 'built-in'),
    ...(places.builtIn === false ? [] : await optional(builtInFolder, builtInIn)),
  ];
  const found = await Promise.all((await distinct(candidates)).map(({ folder, source }) => findPlugin(folder, source)));
  return { found, problems };
}

/** Those of cyclebox stay what they are when a configuration names their folder. */
async function candidatesIn(folders: readonly string[], problems: CycleboxError[]): Promise<readonly Candidate[]> {
  const candidates: Candidate[] = [];
  for (const each of folders.map(folder => resolve(folder))) {
    try {
      for (const folder of await pluginFoldersOf(each))
        candidates.push({ folder, source: dirname(folder) === builtInFolder ? 'built-in' : 'folder' });
    } catch (error) {
      problems.push(folderProblem(each, error));
    }
  }
  return candidates;
}

async function optional(
  folder: string | undefined,
  look: (folder: string) => Promise<readonly Candidate[]>,
): Promise<readonly Candidate[]> {
  if (folder === undefined) return [];
  return await look(resolve(folder)).catch(() => []);
}

async function builtInIn(folder: string): Promise<readonly Candidate[]> {
  return (await pluginFoldersOf(folder)).map(each => ({ folder: each, source: 'built-in' }));
}

/** `plugins install` keeps each plugin in a folder of its own; a scope is a folder of folders. */
async function installedIn(folder: string): Promise<readonly Candidate[]> {
  return (await packageFoldersOf(folder)).map(each => ({ folder: each, source: 'installed' }));
}

async function packagesIn(folder: string): Promise<readonly Candidate[]> {
  const folders = await packageFoldersOf(folder);
  const isPlugin = await Promise.all(folders.map(hasKeyword));
  return folders.filter((_, i) => isPlugin[i]).map(each => ({ folder: each, source: 'package' }));
}

/** A manifest that cannot be read is no plugin's: other packages are not our business. */
async function hasKeyword(folder: string): Promise<boolean> {
  try {
    const text = await readRegularText(join(folder, 'package.json'));
    if (!text.includes(packageKeyword)) return false;
    const { keywords } = JSON.parse(text) as { readonly keywords?: unknown };
    return Array.isArray(keywords) && keywords.includes(packageKeyword);
  } catch {
    return false;
  }
}

/** Hidden folders and `node_modules` are passed over; of the rest, a folder without a manifest is a problem, told later. */
async function pluginFoldersOf(folder: string): Promise<readonly string[]> {
  const names = (await readdir(folder)).sort();
  if (names.includes('package.json')) return [folder];
  return await foldersAmong(folder, names);
}

/** As npm lays packages out: `name` and `@scope/name`. */
async function packageFoldersOf(folder: string): Promise<readonly string[]> {
  const names = (await readdir(folder)).sort();
  const plain = await foldersAmong(
    folder,
    names.filter(name => !name.startsWith('@')),
  );
  const scopes = await foldersAmong(
    folder,
    names.filter(name => name.startsWith('@')),
  );
  const scoped = await Promise.all(scopes.map(async scope => foldersAmong(scope, (await readdir(scope)).sort())));
  return [...plain, ...scoped.flat()];
}

async function foldersAmong(folder: string, names: readonly string[]): Promise<readonly string[]> {
  const paths = names.filter(name => !name.startsWith('.') && name !== 'node_modules').map(name => join(folder, name));
  const isFolder = await Promise.all(paths.map(isDirectory));
  return paths.filter((_, i) => isFolder[i]);
}

function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    status => status.isDirectory(),
    () => false,
  );
}

async function distinct(candidates: readonly Candidate[]): Promise<readonly Candidate[]> {
  const reals = await Promise.all(candidates.map(({ folder }) => realpath(folder).catch(() => folder)));
  return candidates.filter((_, i) => reals.indexOf(reals[i] as string) === i);
}

function folderProblem(folder: string, error: unknown): CycleboxError {
  const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
  const message = missing
    ? `The plugin folder ${folder} does not exist. Create it, or take it out of the list of plugin folders.`
    : `The plugin folder ${folder} could not be read: ${(error as Error).message}.`;
  return new CycleboxError(missing ? 'FILE_NOT_FOUND' : 'FILE_UNREADABLE', message, {
    subject: { file: folder },
    cause: error,
  });
}
