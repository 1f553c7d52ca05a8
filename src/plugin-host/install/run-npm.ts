/**
 * npm as a program: fetches a package, and what a plugin depends on. Scripts of packages never run. npm is found beside the Node
 * that runs, as it comes with it, else on the path.
 */
import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CycleboxError } from '../../base/index.js';

/** @returns what it printed @throws DOWNLOAD_FAILED with npm's own words */
export async function runNpm(args: readonly string[], cwd: string): Promise<string> {
  const script = await npmScript();
  const [command, before] = script === undefined ? ['npm', []] : [process.execPath, [script]];
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  return await new Promise((resolve, reject) => {
    const options = { cwd, env: cleanEnvironment(), maxBuffer: 2 ** 26, shell: script === undefined && isWindows };
    execFile(command, [...before, ...args, ...quiet], options, (error, out, err) => {
      if (error) reject(npmFailed(args, err || error.message, error));
      else resolve(out);
    });
  });
}

const isWindows = process.platform === 'win32';

async function npmScript(): Promise<string | undefined> {
  const bin = dirname(process.execPath);
  const places = [join(bin, '../lib/node_modules/npm/bin/npm-cli.js'), join(bin, 'node_modules/npm/bin/npm-cli.js')];
  for (const place of places) {
    const isThere = await access(place).then(
      () => true,
      () => false,
    );
    if (isThere) return place;
  }
  return undefined;
}

/** Under `npx` or `npm run`, npm's own variables would lead this npm to that project. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const isOfProject = (name: string) =>
    /^(?:init_cwd|npm_(?:package|lifecycle|command|config_(?:local_)?prefix))/i.test(name);
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !isOfProject(name)));
}

function npmFailed(args: readonly string[], words: string, cause: Error): CycleboxError {
  const message = `npm ${args.join(' ')} failed: ${words.trim().slice(0, 2000)}`;
  return new CycleboxError('DOWNLOAD_FAILED', message, { cause });
}
