/** Published models, pulled from a server of the test's own that misbehaves, and made plugins of. No address of the net is asked. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findPublishedModel, loadPlugins, publishedModels, pullModel } from '../../src/catalog/index.js';
import { answer, cutAfter, fileServer, sayLength, servePage } from '../support/file-server.js';
import { temporaryFolder } from '../support/pictures.js';

const published = () => readFile(new URL('../fixtures/golden/resnet6_ngf8_legacy_48x80.pth', import.meta.url));
const horse = findPublishedModel('horse2zebra');
const quickly = { firstDelayMs: 1, tries: 3 };

test('there are eighteen, each with the licence of its images', () => {
  expect(publishedModels).toHaveLength(18);
  expect(new Set(publishedModels.map(({ name }) => name)).size).toBe(18);
  expect(() => findPublishedModel('horse2zebr')).toThrow('Did you mean "horse2zebra"?');
});

test('a pull that is cut off goes on, becomes a plugin, and pins what came', async () => {
  const server = await fileServer(await published());
  server.misbehave(cutAfter(300_000));
  const plugins = join(await temporaryFolder(), 'plugins');
  const pulled = await pullModel(horse, { plugins, base: server.base, ...quickly });
  expect(pulled).toMatchObject({ kind: 'pytorch', pair: 'horse-zebra', from: 'horse', to: 'zebra' });
  expect(pulled.origin).toMatchObject({ kind: 'address', resumedFromBytes: 300_000 });
  expect(server.asked.map(({ path }) => path)).toEqual([
    '/pretrained_models/horse2zebra.pth',
    '/pretrained_models/horse2zebra.pth',
  ]);
  expect((await readdir(plugins)).sort()).toEqual(['horse-zebra', 'pinned-hashes.json']);
  const pair = (await loadPlugins([plugins])).pair('horse-zebra');
  expect(pair.models.get('zebra' as never)).toMatchObject({
    path: 'to-zebra.onnx',
    fit: { trainedSize: 286 },
    licence: { data: expect.stringContaining('ImageNet') },
  });

  const back = await pullModel(findPublishedModel('zebra2horse'), { plugins, base: server.base, ...quickly });
  expect(back.folder).toBe(pulled.folder);
});

test('another file than the pinned one is refused', async () => {
  const server = await fileServer(await published());
  const plugins = await temporaryFolder();
  await pullModel(horse, { plugins, base: server.base, ...quickly });
  const changed = Buffer.from(server.content);
  changed[changed.length - 1]! ^= 1;
  server.content = changed;
  server.etag = '"second"';
  const again = pullModel(horse, { plugins, base: server.base, replace: true, ...quickly });
  await expect(again).rejects.toMatchObject({ code: 'DOWNLOAD_MISMATCH' });
  await expect(again).rejects.toThrow('remove its entry from');
});

test('a server that lies about the length or serves a page is told, with what to do; a mirror goes before', async () => {
  const [liar, mirror] = [await fileServer(await published()), await fileServer(await published())];
  const plugins = await temporaryFolder();
  liar.misbehave(sayLength(99_999_999), servePage, servePage, servePage, servePage);
  const attempt = pullModel(horse, { plugins, base: liar.base, ...quickly });
  await expect(attempt).rejects.toMatchObject({ code: 'DOWNLOAD_MISMATCH' });
  await expect(attempt).rejects.toThrow('cyclebox pairs pull horse2zebra --from horse2zebra.pth');
  const pulled = await pullModel(horse, { plugins, base: liar.base, mirrors: [mirror.base], ...quickly });
  expect(pulled.origin).toMatchObject({ address: `${mirror.base}pretrained_models/horse2zebra.pth` });
});

test('a redirect is followed', async () => {
  const [from, to] = [await fileServer(Buffer.alloc(0)), await fileServer(await published())];
  from.misbehave(answer(302, { location: `${to.base}elsewhere.pth` }));
  const pulled = await pullModel(horse, { plugins: await temporaryFolder(), base: from.base, ...quickly });
  expect(pulled.origin).toMatchObject({ address: `${to.base}elsewhere.pth` });
});

test('a file that is here takes the place of the network', async () => {
  const folder = await temporaryFolder();
  const path = join(folder, 'mine.pth');
  await writeFile(path, await published());
  const pulled = await pullModel(horse, { plugins: join(folder, 'plugins'), from: path });
  expect(pulled.origin).toMatchObject({ kind: 'file', path });
  await expect(readFile(path)).resolves.toHaveLength((await published()).length);
});
