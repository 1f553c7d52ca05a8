/**
 * Installs this folder's packages (`npm ci`, no install scripts) when they are not there yet.
 * Kept apart so that both commands, build and evaluate, can call it before they import anything heavy.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const needed = ['three-globe', 'world-atlas', 'topojson-client', 'sharp'];

/** Runs `npm ci --ignore-scripts` in tools/satellite-map unless all its packages are there. Exits with npm's code on failure. */
export function ensurePackages() {
  if (needed.every(name => existsSync(new URL(`node_modules/${name}/package.json`, import.meta.url)))) return;
  console.log('Installing the data set tool’s own packages (once, about 70 MB) …');
  // npm passes its settings down as environment variables; a plain shell is needed on Windows, where npm is a .cmd file.
  const result = spawnSync('npm ci --ignore-scripts --no-audit --no-fund', {
    cwd: here,
    stdio: 'inherit',
    shell: true,
  });
  if (result.status === 0) return;
  console.error(`npm ci failed in ${here}. Run it there by hand to see why, then try again.`);
  process.exit(result.status ?? 1);
}
