/**
 * `npm run wasm`: writes `src/engine/onnx/adam-module.ts` from `adam.wat`, with an assembler of this folder's
 * own that is installed where it is missing. Not part of the build: what it writes is committed.
 * What must stay true: equal text gives equal code, and nothing is fetched but by npm.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
if (!existsSync(new URL('node_modules/wabt/package.json', import.meta.url))) {
  console.log('Installing the assembler (once) …');
  // npm is a .cmd file on Windows, which needs a shell.
  const { status } = spawnSync('npm ci --ignore-scripts --no-audit --no-fund', {
    cwd: here,
    stdio: 'inherit',
    shell: true,
  });
  if (status !== 0) process.exit(status ?? 1);
}
const { default: openWabt } = await import('wabt');
const text = readFileSync(new URL('adam.wat', import.meta.url), 'utf8');
const module = (await openWabt()).parseWat('adam.wat', text, { simd: true });
module.validate();
const code = Buffer.from(module.toBinary({}).buffer).toString('base64');
const lines = code.match(/.{1,100}/g).map(line => `  '${line}'`);
const source = `/** Written by \`npm run wasm\` from tools/wasm/adam.wat: that is the place to change. */

/** SHA-256 of the text that this is of. */
export const adamSource = '${createHash('sha256').update(text).digest('hex')}';

/** The module, in base64. */
export const adamModule = [
${lines.join(',\n')},
].join('');
`;
writeFileSync(new URL('../../src/engine/onnx/adam-module.ts', import.meta.url), source);
console.log('src/engine/onnx/adam-module.ts is written.');
