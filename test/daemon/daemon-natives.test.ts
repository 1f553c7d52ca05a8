import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { packageRoot } from '../../src/base/index.js';

test('the daemon loads neither ONNX Runtime nor the image library: both live in the compute worker', async () => {
  const daemon = pathToFileURL(join(packageRoot, 'dist', 'daemon', 'index.js')).href;
  const script = `await import(${JSON.stringify(daemon)}); console.log(process.report.getReport().sharedObjects.join('\\n'));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script]);
  expect(stdout).toContain('libc'); // The list of libraries is really there.
  expect(stdout).not.toMatch(/onnxruntime|libvips|sharp/);
});

test('nor what only installing plugins or a bucket needs: a start under a low limit of open files has less to open', async () => {
  const daemon = pathToFileURL(join(packageRoot, 'dist', 'daemon', 'index.js')).href;
  const hook = 'export async function load(url, context, next) { process._rawDebug(url); return next(url, context); }';
  const script = `import { register } from 'node:module';
    register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hook)}));
    await import(${JSON.stringify(daemon)});`;
  const { stderr } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], {
    maxBuffer: 2 ** 26,
  });
  expect(stderr).toContain('/plugin-host/registry/plugin-set.js'); // The list of modules is really there.
  expect(stderr).toContain('/dispatch/store/s3-bucket.js');
  expect(stderr).not.toMatch(
    /install\/unpack-package|node_modules\/(?:tar|minizlib|@aws-sdk|@smithy|bullmq|ioredis)\//,
  );
});
