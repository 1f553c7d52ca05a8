/** Whether an optional package is there, by its folder alone: nothing of it is loaded. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** In the project that the process runs in, or beside cyclebox itself. */
export function isInstalled(name: string): boolean {
  const folders = [join(workingFolder(), 'package.json'), import.meta.url].flatMap(
    start => createRequire(start).resolve.paths(name) ?? [],
  );
  return folders.some(folder => existsSync(join(folder, name, 'package.json')));
}

/** The root where the folder that the process was started in is gone: nobody is to fail for that. */
function workingFolder(): string {
  try {
    return process.cwd();
  } catch {
    return '/';
  }
}
