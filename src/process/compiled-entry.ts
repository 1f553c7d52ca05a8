/**
 * Where the compiled form of a child's entry lies. Node 20 runs no TypeScript, so a file that runs from `src/` (under
 * a test runner) starts its children from `dist/`, which `npm run build` makes.
 */
import { existsSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CycleboxError, packageRoot } from '../base/index.js';

/**
 * @param importMetaUrl the caller's `import.meta.url`
 * @param specifier the entry relative to the caller, with its compiled ending: `./main.js`
 * @throws FILE_NOT_FOUND when the package has not been built
 */
export function compiledEntry(importMetaUrl: string, specifier: string): string {
  const wanted = resolve(dirname(fileURLToPath(importMetaUrl)), specifier);
  const inPackage = relative(packageRoot, wanted);
  const source = `src${sep}`;
  const entry = inPackage.startsWith(source) ? join(packageRoot, 'dist', inPackage.slice(source.length)) : wanted;
  if (existsSync(entry)) return entry;
  throw new CycleboxError('FILE_NOT_FOUND', `${entry} is not there: run "npm run build" in ${packageRoot}`, {
    subject: { file: entry },
  });
}
