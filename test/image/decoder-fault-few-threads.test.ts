import { execFile, execFileSync } from 'node:child_process';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { temporaryFolder, testSharp } from '../support/pictures.js';
import { writeTinyOnnx } from '../support/tiny-onnx.js';

const run = promisify(execFile);
const script = fileURLToPath(new URL('../fixtures/image/few-threads.mjs', import.meta.url));

/** Limits of threads do not hold for root: then as nobody. */
const asOther = process.getuid?.() === 0 ? ['setpriv', '--reuid=65534', '--clear-groups'] : [];

function isThere(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** A checkout that only its owner may enter is none for nobody. */
function otherMayRead(): boolean {
  const [program, ...args] = [...asOther, 'test', '-r', script];
  try {
    execFileSync(program!, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const canBecome = asOther.length === 0 || isThere('setpriv');
const canLimit = process.platform === 'linux' && isThere('prlimit') && canBecome && otherMayRead();

test.skipIf(!canLimit)('a process that gets no more threads condemns neither images nor models', async () => {
  const folder = await temporaryFolder();
  await chmod(folder, 0o755);
  const image = join(folder, 'image.jpg');
  await testSharp(300, 200).jpeg().toFile(image);
  const model = await writeTinyOnnx(join(folder, 'negate.onnx'), { kind: 'negate' });
  const [program, ...args] = [...asOther, process.execPath, script, image, model];
  const { stdout } = await run(program!, args);
  const { good, damaged, model: loaded } = JSON.parse(stdout) as Record<string, string>;
  expect(good).toMatch(/^(ok|OUT_OF_MEMORY ENOMEM)$/);
  // What is truly damaged may be called so only where the decoder has proven that it works.
  expect(damaged).toMatch(/^(IMAGE_CORRUPT|OUT_OF_MEMORY ENOMEM)/);
  expect(loaded).toBe('OUT_OF_MEMORY ENOMEM');
});
