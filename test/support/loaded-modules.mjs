/** For `node --import`: on its way out, the process appends the path of each file that it loaded to the file LOADED_MODULES. */
import { appendFileSync } from 'node:fs';
import { createRequire, register } from 'node:module';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';

const list = process.env.LOADED_MODULES;

// Loaded by Node for the thread of its hooks, too.
if (isMainThread) {
  register(import.meta.url);
  process.on('exit', () => {
    for (const path of Object.keys(createRequire(import.meta.url).cache)) appendFileSync(list, `${path}\n`);
  });
}

/** A hook of Node's: https://nodejs.org/api/module.html#customization-hooks */
export function load(url, context, next) {
  if (url.startsWith('file:')) appendFileSync(list, `${fileURLToPath(url)}\n`);
  return next(url, context);
}
