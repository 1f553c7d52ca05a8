/**
 * Puts a plugin into the state folder: from a folder, a `.cbx` file or tarball, or npm. Made ready beside its place, judged there,
 * and moved in whole, so that no half of a plugin is ever found. Nothing of it is run, and no script of npm.
 */
import { cp, mkdir, mkdtemp, readdir, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { CycleboxError, makeFolder } from '../../base/index.js';
import { findPlugin, forgetPlugin, installedFolder, type Plugin } from '../registry/index.js';
import { runNpm } from './run-npm.js';
import { unpackPackage } from './unpack-package.js';

export interface InstalledPlugin {
  readonly plugin: Plugin;
  /** The version whose place it took. */
  readonly replaced: string | undefined;
}

/**
 * @param source a folder, a file, or what npm takes for a package: `name`, `name@1.2.0`
 * @param agree asked once the plugin has been judged and before it is put in place; false leaves everything as it was
 * @returns undefined where `agree` said no
 * @throws PLUGIN_INVALID, PLUGIN_ENGINE_MISMATCH, FILE_NOT_FOUND, ARCHIVE_UNREADABLE, ARCHIVE_UNSAFE, DOWNLOAD_FAILED, WRITE_FAILED
 */
export async function installPlugin(
  state: string,
  source: string,
  agree: (plugin: Plugin) => boolean | Promise<boolean>,
): Promise<InstalledPlugin | undefined> {
  const plugins = installedFolder(state);
  await makeFolder(plugins);
  const staging = await mkdtemp(join(plugins, '.staging-'));
  try {
    const folder = join(staging, 'plugin');
    await mkdir(folder);
    const isHandedOn = await fetchInto(source, folder, staging);
    const plugin = await judged(folder, source, isHandedOn);
    if (isHandedOn) await addDependencies(folder, plugin);
    if (!(await agree(plugin))) return undefined;
    return await moveIn(plugin, folder, placeOf(plugins, plugin.name));
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** @returns whether there was such a plugin; what was decided of it is forgotten */
export async function uninstallPlugin(state: string, name: string): Promise<boolean> {
  const place = placeOf(installedFolder(state), name);
  const isThere = await isFolder(place);
  await rm(place, { recursive: true, force: true });
  await forgetPlugin(state, name);
  return isThere;
}

/** As npm lays packages out: a scope is a folder of folders. Names have been judged by then. */
function placeOf(plugins: string, name: string): string {
  if (!/^(?:@[a-z0-9._~-]+\/)?[a-z0-9_~-][a-z0-9._~-]*$/i.test(name)) {
    const message = `"${name}" is no name for a plugin that is installed: it must be one that npm takes, such as "season-router".`;
    throw new CycleboxError('PLUGIN_INVALID', message, { subject: { plugin: name } });
  }
  return join(plugins, name);
}

/** @returns whether it comes from somewhere else than a folder of this machine */
async function fetchInto(source: string, folder: string, staging: string): Promise<boolean> {
  if (await isFolder(source)) {
    await cp(await realpath(source), folder, { recursive: true, verbatimSymlinks: true, filter: isOfPlugin });
    return false;
  }
  if (/\.(?:cbx|tgz|tar\.gz)$/i.test(source)) await unpackPackage(resolve(source), folder);
  else await unpackPackage(await fetchPackage(source, staging), folder);
  return true;
}

const isOfPlugin = (path: string): boolean => basename(path) !== '.git';

async function fetchPackage(source: string, staging: string): Promise<string> {
  if (!/^(?:@[a-z0-9._~-]+\/)?[a-z0-9_~-][a-z0-9._~-]*(?:@[a-z0-9.^~<>=*| -]+)?$/i.test(source)) {
    const message = `There is no folder or file ${resolve(source)}, and "${source}" is no name of an npm package.`;
    throw new CycleboxError('FILE_NOT_FOUND', message, { subject: { file: source } });
  }
  await runNpm(['pack', source, '--pack-destination', staging], staging);
  const packed = (await readdir(staging)).find(name => name.endsWith('.tgz'));
  if (packed !== undefined) return join(staging, packed);
  throw new CycleboxError('DOWNLOAD_FAILED', `npm fetched nothing for ${source}.`);
}

async function judged(folder: string, source: string, isHandedOn: boolean): Promise<Plugin> {
  const { plugin, problem } = await findPlugin(folder, 'installed');
  if (problem) {
    const message = problem.message.replaceAll(folder, source);
    throw new CycleboxError(problem.code, message, { subject: { ...problem.subject, file: source }, cause: problem });
  }
  if (isHandedOn && plugin.publisher === undefined) {
    const message = `${source}: the manifest names no "publisher", which a plugin that is handed on must: who answers for it?`;
    throw new CycleboxError('PLUGIN_INVALID', message, { subject: { plugin: plugin.name, file: source } });
  }
  return plugin;
}

/** A plugin that carries its dependencies, or was bundled, needs none. */
async function addDependencies(folder: string, { manifest }: Plugin): Promise<void> {
  const { dependencies = {} } = manifest as { readonly dependencies?: object };
  if (Object.keys(dependencies).length === 0 || (await isFolder(join(folder, 'node_modules')))) return;
  await runNpm(['install', '--omit=dev', '--omit=peer', '--no-package-lock', '--no-save'], folder);
}

async function moveIn(plugin: Plugin, folder: string, place: string): Promise<InstalledPlugin> {
  const before = (await findPlugin(place, 'installed')).plugin;
  await makeFolder(dirname(place));
  const old = `${folder}-old`;
  if (await isFolder(place)) await rename(place, old);
  try {
    await rename(folder, place);
  } catch (error) {
    await rename(old, place).catch(() => {});
    const message = `${place} could not be written: ${(error as Error).message}`;
    throw new CycleboxError('WRITE_FAILED', message, { subject: { file: place }, cause: error });
  }
  const { plugin: installed } = await findPlugin(place, 'installed');
  return { plugin: installed ?? plugin, replaced: before?.version };
}

function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    status => status.isDirectory(),
    () => false,
  );
}
