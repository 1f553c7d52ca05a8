/** What Node means when it says of a module that is there that it cannot be found. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Whether an import failed although its module is there. With no file left to open, Node cannot read the package.json or the
 * module, and says ERR_MODULE_NOT_FOUND for both; asking whether a file exists opens none.
 */
export function isModuleUnreadable(error: unknown): boolean {
  if (!(error instanceof Error) || (error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') return false;
  const [, asked, importer] =
    /^Cannot find (?:package|module) '(.+?)'(?: imported from (.+))?/.exec(error.message) ?? [];
  if (asked === undefined) return false;
  const packageFolder = /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(asked)?.[0];
  if (packageFolder !== undefined) return existsSync(packageFolder);
  if (asked.startsWith('file:')) return existsSync(fileURLToPath(asked));
  if (existsSync(asked)) return true;
  return importer !== undefined && isInstalledFor(importer, asked);
}

/** Whether a package of this name lies in a `node_modules` at or above the module that asked for it. */
function isInstalledFor(importer: string, name: string): boolean {
  const path = importer.startsWith('file:') ? fileURLToPath(importer) : importer;
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'node_modules', name, 'package.json'))) return true;
    if (folder === dirname(folder)) return false;
  }
}
