/**
 * The end of `npm run build`: what lies in `src/` and is not TypeScript (parts of pages) goes beside the compiled files,
 * their imports point past the faces of rooms, and the command line's entry may be run.
 */
import { chmodSync, copyFileSync, mkdirSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { importPastFaces } from './past-faces.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
for (const name of readdirSync(join(root, 'src'), { recursive: true })) {
  // The dashboard's pages are vite's.
  if (!/\.(?:css|js)$/.test(name) || name.startsWith(join('server', 'ui'))) continue;
  mkdirSync(dirname(join(root, 'dist', name)), { recursive: true });
  copyFileSync(join(root, 'src', name), join(root, 'dist', name));
}
importPastFaces(join(root, 'dist'), name => !name.startsWith('server/ui/'));
chmodSync(join(root, 'dist', 'cli', 'main.js'), 0o755);
