import { createHash } from 'node:crypto';
import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { locateModel } from '../../src/catalog/index.js';
import { temporaryFolder } from '../support/pictures.js';
import { tinyOnnx } from '../support/tiny-onnx.js';

const [model, other] = [tinyOnnx({ kind: 'negate' }), tinyOnnx({ kind: 'blur' })];

async function places() {
  const root = await temporaryFolder();
  const [pluginFolder, storeFolder] = [join(root, 'plugin'), join(root, 'store')];
  await mkdir(join(pluginFolder, 'sub'), { recursive: true });
  await mkdir(join(storeFolder, 'sub'), { recursive: true });
  await writeFile(join(root, 'secret.onnx'), model);
  return { root, pluginFolder, storeFolder };
}

const sha256 = (text: string | Uint8Array) => createHash('sha256').update(text).digest('hex');

test('a model is found in the plugin folder first, else in the store, and its hash and size are told', async () => {
  const at = await places();
  await writeFile(join(at.storeFolder, 'sub', 'm.onnx'), model);
  expect(await locateModel({ path: 'sub/m.onnx' }, at)).toEqual({
    path: join(at.storeFolder, 'sub', 'm.onnx'),
    sha256: sha256(model),
    sizeBytes: model.length,
  });
  await writeFile(join(at.pluginFolder, 'sub', 'm.onnx'), other);
  expect((await locateModel({ path: 'sub/m.onnx', sha256: sha256(other) }, at)).sizeBytes).toBe(other.length);
});

test('a missing model names every place looked at', async () => {
  const at = await places();
  const attempt = locateModel({ path: 'sub/none.onnx' }, at);
  await expect(attempt).rejects.toMatchObject({ code: 'MODEL_MISSING' });
  await expect(attempt).rejects.toThrow(
    `neither ${join(at.pluginFolder, 'sub/none.onnx')} nor ${join(at.storeFolder, 'sub/none.onnx')} exists`,
  );
});

test('a folder of the name is no model', async () => {
  await expect(locateModel({ path: 'sub' }, await places())).rejects.toMatchObject({ code: 'MODEL_MISSING' });
});

test('another content than the manifest names is refused', async () => {
  const at = await places();
  await writeFile(join(at.storeFolder, 'm.onnx'), 'changed');
  const attempt = locateModel({ path: 'm.onnx', sha256: sha256('original') }, at);
  await expect(attempt).rejects.toMatchObject({ code: 'MODEL_HASH_MISMATCH' });
  await expect(attempt).rejects.toThrow(sha256('changed'));
});

const leadsOut = { code: 'MODEL_INVALID', message: expect.stringContaining('leads out of its folder') };

test.each(['../secret.onnx', 'sub/../../secret.onnx', '..', '.', '/etc/hostname', 'sub\\..\\m.onnx'])(
  'the path %s does not lead out',
  async path => {
    await expect(locateModel({ path }, await places())).rejects.toMatchObject(leadsOut);
  },
);

test('a link that leads out is refused, for a file and for a folder on the way; one that stays inside is followed', async () => {
  const at = await places();
  await symlink(join(at.root, 'secret.onnx'), join(at.pluginFolder, 'link.onnx'));
  await symlink(at.root, join(at.pluginFolder, 'up'), 'junction');
  await symlink(join(at.root, 'store-link.onnx'), join(at.pluginFolder, 'dangling.onnx'));
  for (const path of ['link.onnx', 'up/secret.onnx'])
    await expect(locateModel({ path }, at)).rejects.toMatchObject(leadsOut);
  await expect(locateModel({ path: 'dangling.onnx' }, at)).rejects.toMatchObject({ code: 'MODEL_MISSING' });
  await writeFile(join(at.pluginFolder, 'real.onnx'), model);
  await symlink('real.onnx', join(at.pluginFolder, 'alias.onnx'));
  expect((await locateModel({ path: 'alias.onnx' }, at)).path).toBe(join(at.pluginFolder, 'real.onnx'));
});

test('the store itself may be a link, to a larger disk', async () => {
  const at = await places();
  await writeFile(join(at.storeFolder, 'm.onnx'), model);
  await rename(at.storeFolder, join(at.root, 'disk'));
  await symlink(join(at.root, 'disk'), at.storeFolder, 'junction');
  expect((await locateModel({ path: 'm.onnx' }, at)).path).toBe(join(at.root, 'disk', 'm.onnx'));
});
