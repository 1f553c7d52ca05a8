/**
 * The work of `cyclebox plugins test`: runs the tests that a plugin's author has written, with Node's own runner. They open the plugin
 * with `cyclebox/plugin/testing`, which is found from their folder also where cyclebox is not installed.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstat, mkdir, readdir, rm, symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { CycleboxError, packageRoot } from '../../base/index.js';
import { findPlugin } from '../../plugin-host/index.js';
import { exitCodes } from '../terminal/index.js';

/** @returns the exit code @throws PLUGIN_INVALID, PLUGIN_ENGINE_MISMATCH, FILE_NOT_FOUND when there are no tests */
export async function runPluginTests(folder: string): Promise<number> {
  const root = resolve(folder);
  const found = await findPlugin(root, 'folder');
  if (found.problem) throw found.problem;
  const tests = await testsIn(root);
  if (tests.length === 0) {
    const message = `${root} has no tests: files called *.test.js or *.test.mjs, in it or in its folder "test".`;
    throw new CycleboxError('FILE_NOT_FOUND', message, { subject: { file: root } });
  }
  return await withCyclebox(root, async () => {
    const child = spawn(process.execPath, ['--test', ...tests], { cwd: root, stdio: 'inherit' });
    const [code] = (await once(child, 'exit')) as [number | null];
    return code === 0 ? exitCodes.ok : exitCodes.failed;
  });
}

async function testsIn(root: string): Promise<readonly string[]> {
  const names = async (folder: string) => (await readdir(folder).catch(() => [])).map(name => join(folder, name));
  const all = [...(await names(root)), ...(await names(join(root, 'test'))), ...(await names(join(root, 'dist')))];
  return all.filter(path => /\.test\.m?js$/.test(path)).sort();
}

/** A link to this package, where there is none, for as long as the tests run. */
async function withCyclebox(root: string, work: () => Promise<number>): Promise<number> {
  const link = join(root, 'node_modules', 'cyclebox');
  if (await lstat(link).catch(() => undefined)) return await work();
  await mkdir(join(root, 'node_modules'), { recursive: true });
  await symlink(packageRoot, link, 'junction');
  try {
    return await work();
  } finally {
    await rm(link, { force: true });
  }
}
