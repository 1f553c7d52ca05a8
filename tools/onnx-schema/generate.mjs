/**
 * `npm run onnx-schema`: writes `src/onnx/generated/` from `proto/onnx.proto`, with packages of this folder's own that are
 * installed where they are missing. Not part of the build: what it writes is committed.
 * What must stay true: equal schemas give equal code, and nothing is fetched but by npm.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const needed = ['@bufbuild/buf', '@bufbuild/protoc-gen-es'];

if (!needed.every(name => existsSync(new URL(`node_modules/${name}/package.json`, import.meta.url)))) {
  console.log('Installing the schema compiler (once, about 130 MB) …');
  // npm is a .cmd file on Windows, which needs a shell.
  run('npm ci --ignore-scripts --no-audit --no-fund');
}
run('node node_modules/@bufbuild/buf/bin/buf generate');
console.log('src/onnx/generated/onnx_pb.ts is written.');

/** Ends this process with the command's code where it fails. */
function run(command) {
  const { status } = spawnSync(command, { cwd: here, stdio: 'inherit', shell: true });
  if (status !== 0) process.exit(status ?? 1);
}
