/**
 * `npm run dev [-- ARGUMENTS OF cyclebox]`: compiles what is saved, and starts cyclebox again each time that it compiles
 * without an error; `start` where no arguments are given. It stops the one before by SIGTERM, as a user would, and waits for its end,
 * so that two never share a state folder.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
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

for await (const line of createInterface({ input: compiler.stdout })) {
  console.log(line);
  if (/Found 0 errors/.test(line)) last = last.then(restart);
}
await last;
await stop();

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
