/** What a file is, by its content: kinds that are read, whatever their names, and kinds that are not, told as what they are. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { recogniseModel } from '../../src/model-files/index.js';
import { writeSafetensors } from '../../src/nets/index.js';
import { temporaryFolder } from '../support/pictures.js';
import { stateDictFile } from '../support/state-dict-file.js';
import { tinyOnnx } from '../support/tiny-onnx.js';
import { zipBytes } from '../support/zip-bytes.js';

const weights = { w: { shape: [1], data: Float32Array.of(1) } };

test.each([
  ['onnx', tinyOnnx()],
  ['pytorch', stateDictFile([['w', [1]]])],
  ['pytorch', stateDictFile([['w', [1]]], { container: 'legacy' })],
  ['safetensors', writeSafetensors(weights)],
  ['tensorflow-js', Buffer.from('{"format": "layers-model", "modelTopology": {}, "weightsManifest": []}')],
])('a %s file is one by any name', async (kind, bytes) => {
  const path = join(await temporaryFolder(), 'holiday.jpg');
  await writeFile(path, bytes);
  expect(await recogniseModel(path)).toEqual({ kind, path });
});

test('a folder with a model.json is a TensorFlow.js model', async () => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'model.json'), '{}');
  expect(await recogniseModel(folder)).toEqual({ kind: 'tensorflow-js', path: join(folder, 'model.json') });
});

test.each([
  [
    'a TorchScript program',
    zipBytes([{ name: 'net/data.pkl' }, { name: 'net/constants.pkl' }, { name: 'net/code/a.py' }]),
  ],
  ['a Keras 3 file', zipBytes([{ name: 'config.json' }, { name: 'model.weights.h5' }])],
  ['an archive of NumPy arrays', zipBytes([{ name: 'a.npy' }])],
  ['a zip archive without', zipBytes([{ name: 'readme.txt' }])],
  ['an HDF5 file', Buffer.from('\x89HDF\r\n\x1a\n', 'latin1')],
  ['a TensorFlow Lite model', Buffer.from('\x1c\0\0\0TFL3', 'latin1')],
  ['a pointer of Git LFS', Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:0\n')],
  ['a web page', Buffer.from('<!DOCTYPE html><html></html>')],
  ['an image', Buffer.from('\xff\xd8\xff\xe0', 'latin1')],
  ['JSON, but no TensorFlow.js model', Buffer.from('{"name": "x"}')],
  ['is empty', Buffer.alloc(0)],
  ['is no model file', Buffer.from('hello')],
])('%s is told as what it is', async (what, bytes) => {
  const path = join(await temporaryFolder(), 'net.onnx');
  await writeFile(path, bytes);
  const attempt = recogniseModel(path);
  await expect(attempt).rejects.toMatchObject({ code: 'MODEL_INVALID' });
  await expect(attempt).rejects.toThrow(what);
});

test('so are folders', async () => {
  const folder = await temporaryFolder();
  await expect(recogniseModel(folder)).rejects.toThrow('a folder without a model.json');
  await mkdir(join(folder, 'saved'));
  await writeFile(join(folder, 'saved', 'saved_model.pb'), '');
  await expect(recogniseModel(join(folder, 'saved'))).rejects.toThrow('a TensorFlow SavedModel');
});

test('what is not there is missing', async () => {
  await expect(recogniseModel(join(await temporaryFolder(), 'none.pth'))).rejects.toMatchObject({
    code: 'MODEL_MISSING',
  });
});
