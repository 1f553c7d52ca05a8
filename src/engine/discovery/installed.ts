/** Whether an optional package is there, by its folder alone: nothing of it is loaded. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** In the project that the process runs in, or beside cyclebox itself. */
export function isInstalled(name: string): boolean {
  const fromHere = createRequire(import.meta.url).resolve.paths(name) ?? [];
  const fromProject = createRequire(join(process.cwd(), 'package.json')).resolve.paths(name) ?? [];
  return [...fromProject, ...fromHere].some(folder => existsSync(join(folder, name, 'package.json')));
}
