/**
 * `npm run dev [-- ARGUMENTS OF cyclebox]`: compiles what is saved, the dashboard's pages too, and starts cyclebox again each time that it
 * compiles without an error; `start` where no arguments are given. It stops the one before by SIGTERM, as a user would, and waits for its end,
 * so that two never share a state folder.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

const root = resolve('.');
const arguments_ = process.argv.length > 2 ? process.argv.slice(2) : ['start'];
const tsc = join(dirname(createRequire(join(root, 'package.json')).resolve('typescript/package.json')), 'bin/tsc');

/** @type {import('node:child_process').ChildProcess | undefined} */
let running;
let isEnding = false;
/** Starts follow each other, however fast files are saved. */
let last = Promise.resolve();

const compiler = spawn(process.execPath, [tsc, '--watch', '--preserveWatchOutput', '-p', 'tsconfig.build.json'], {
  stdio: ['ignore', 'pipe', 'inherit'],
  // A group of its own: tsc is a script that starts the compiler proper, and passes no signal on.
  detached: true,
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, end);
/** It starts for the first time when both are there. */
const missing = new Set(['code', 'pages']);
const pages = await watchPages('src/server/ui/vite.config.mjs');

for await (const line of createInterface({ input: compiler.stdout })) {
  console.log(line);
  if (/Found 0 errors/.test(line)) built('code');
}
await pages?.close();
await last;
await stop();

function built(part) {
  missing.delete(part);
  if (missing.size === 0) last = last.then(restart);
}

/** Builds the pages whenever a file of theirs is saved: the daemon reads them when it opens its dashboard. */
async function watchPages(configFile) {
  if (!existsSync(configFile)) return void built('pages');
  const { build } = await import('vite');
  const watcher = await build({ configFile, build: { watch: {} } });
  watcher.on('event', ({ code, error }) => {
    if (code === 'ERROR') console.error(`pages: ${error.message}`);
    if (code === 'END') {
      console.log('pages built');
      built('pages');
    }
  });
  return watcher;
}

async function restart() {
  await stop();
  if (isEnding) return;
  const [code] = await once(spawn(process.execPath, ['tools/finish-build.mjs'], { stdio: 'inherit' }), 'close');
  if (code !== 0 || isEnding) return;
  running = spawn(process.execPath, ['dist/cli/main.js', ...arguments_], { stdio: 'inherit' });
}

async function stop() {
  if (!running || running.exitCode !== null || running.signalCode !== null) return;
  const ended = once(running, 'close');
  running.kill('SIGTERM');
  await ended;
}

function end() {
  isEnding = true;
  if (process.platform === 'win32') compiler.kill();
  else process.kill(-compiler.pid, 'SIGTERM');
}
