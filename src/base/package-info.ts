/**
 * Where this package lies and which version it is: the same answer from `src/` (under a test runner), from `dist/` and
 * from inside another project's `node_modules`. Read once, when first asked for.
 */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of cyclebox's package.json; `plugins/` and `models/` lie in it. */
export const packageRoot: string = resolve(fileURLToPath(new URL('../..', import.meta.url)));

let version: string | undefined;

/** The version of this cyclebox, as in its package.json. */
export function packageVersion(): string {
  version ??= (JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string }).version;
  return version;
}
