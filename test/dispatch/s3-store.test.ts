/** What goes wrong between the store and an S3 server: what is retried goes well, what is not says bucket, key and remedy. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';

import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type CycleboxError, identify, ManualClock, newJobId } from '../../src/base/index.js';
import { type S3Place, S3Store } from '../../src/dispatch/index.js';
import { temporaryFolder } from '../support/pictures.js';
import { openS3, type S3Call, type S3Harm, type TestS3 } from '../support/s3-server.js';
import { giveCredentials, s3Stores } from './stores.js';

describe('dispatch S3 store', () => {
  let s3: TestS3;
  beforeAll(async () => {
    s3 = await openS3();
  });
  beforeEach(() => {
    s3.harm = () => undefined;
    s3.isConditional = true;
  });
  afterAll(() => s3.dispose());

  const partBytes = 1000;

  const open = async (clock = new ManualClock()) => {
    const root = await temporaryFolder();
    await mkdir(join(root, 'inbox'));
    const { place, watcher, worker } = s3Stores(s3, { clock, partBytes });
    const files = { job: newJobId(), token: crypto.randomUUID(), path: 'a.png' };
    const offer = async (content: string) => {
      const source = join(root, 'inbox', 'a.png');
      await writeFile(source, content);
      const expected = { root: join(root, 'inbox'), identity: String(await identify(source)) };
      await watcher.offer(files, { source, expected });
    };
    const deliver = async (content: string) => {
      const work = await worker.open(files);
      await writeFile(work.result, content);
      await work.deliver().finally(() => work.dispose());
    };
    const taken = async () => {
      const temporary = join(root, `taken-${crypto.randomUUID()}`);
      await watcher.take(files, temporary);
      return await readFile(temporary, 'utf8');
    };
    const keys = () => [...s3.objects.keys()].filter(key => key.startsWith(place.prefix));
    return { root, place, clock, watcher, worker, files, offer, deliver, taken, keys };
  };

  /** Does harm to the first so many calls of a kind. */
  const harmFirst = (count: number, what: string, harm: S3Harm) => {
    let left = count;
    s3.harm = (call: S3Call) => (call.what === what && left-- > 0 ? harm : undefined);
  };

  const faultOf = async (place: Partial<S3Place>): Promise<CycleboxError> => {
    giveCredentials();
    const common = {
      bucket: s3.bucket,
      prefix: 'p/',
      region: 'us-east-1',
      endpoint: s3.endpoint,
      forcePathStyle: true,
    };
    const store = new S3Store({ ...common, ...place });
    const error = await store.check().catch(error => error);
    await store.dispose();
    return error;
  };

  const long = 'pixels '.repeat(1000);

  it('goes on where a download broke off, and asks for no byte twice', async () => {
    const { offer, worker, files } = await open();
    await offer(long);
    const before = s3.calls.length;
    harmFirst(2, 'GET', { kind: 'break', afterBytes: 2500 });
    const work = await worker.open(files);
    expect(await readFile(work.source, 'utf8')).toBe(long);
    await work.dispose();
    expect(s3.calls.slice(before).filter(({ what }) => what === 'GET')).toHaveLength(3);
  });

  it('leaves nothing on the disk of a download that breaks off again and again', async () => {
    const { root, offer, deliver, watcher, files } = await open();
    await offer(long);
    await deliver(long);
    harmFirst(100, 'GET', { kind: 'break', afterBytes: 1 });
    await expect(watcher.take(files, join(root, 'new.tmp'))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect((await readdir(root)).sort()).toEqual(['inbox']);
  });

  it.each(['PUT', 'part', 'begin', 'complete'])('writes once where the answer to a %s was lost', async what => {
    const { offer, deliver, taken } = await open();
    const content = what === 'PUT' ? 'short' : long;
    harmFirst(1, what, { kind: 'cut' });
    await offer(content);
    await deliver(content.toUpperCase());
    expect(await taken()).toBe(content.toUpperCase());
  });

  it('overwrites nothing where two have made a result of one attempt', async () => {
    const { offer, deliver, taken } = await open();
    await offer('image');
    await deliver('first');
    await expect(deliver('second')).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(await taken()).toBe('first');
    await deliver('first');
  });

  it('gives up an upload in parts that fails, and sweeps one that nobody ended', async () => {
    const { offer, watcher, clock, place, files } = await open();
    harmFirst(100, 'part', { kind: 'refuse', status: 403, code: 'AccessDenied' });
    await expect(offer(long)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect([...s3.uploads.values()].filter(({ key }) => key.startsWith(place.prefix))).toEqual([]);
    // As of a worker that was killed in the middle.
    harmFirst(1, 'part', { kind: 'refuse', status: 403, code: 'AccessDenied' });
    const harm = s3.harm;
    s3.harm = call => (call.what === 'abort' ? { kind: 'refuse', status: 500, code: 'InternalError' } : harm(call));
    await expect(offer(long)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    s3.harm = () => undefined;
    expect([...s3.uploads.values()].filter(({ key }) => key.startsWith(place.prefix))).toHaveLength(1);
    expect(await watcher.sweep(token => token === files.token)).toBe(0);
    expect(await watcher.sweep(() => false)).toBe(0);
    clock.advance(3_600_000);
    expect(await watcher.sweep(() => false)).toBe(1);
    expect([...s3.uploads.values()].filter(({ key }) => key.startsWith(place.prefix))).toEqual([]);
  }, 30_000);

  it('notices an object that is damaged', async () => {
    const { offer, worker, files, keys } = await open();
    await offer('image');
    const [key = ''] = keys();
    const object = s3.objects.get(key);
    if (object) s3.objects.set(key, { ...object, bytes: Buffer.from('imagf') });
    await expect(worker.open(files)).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringMatching(/SHA-256/),
    });
  });

  it('removes all that there was of an attempt when it is discarded', async () => {
    const { offer, deliver, watcher, files, keys } = await open();
    await offer('image');
    await deliver('result');
    expect(keys()).toHaveLength(2);
    await watcher.discard(files);
    expect(keys()).toEqual([]);
  });

  it('puts a model there again of which the bucket’s rules have removed a part', async () => {
    const { root, watcher, worker, keys } = await open();
    await writeFile(join(root, 'a.onnx'), 'weights');
    const model = { sha256: 'a'.repeat(64), folder: root, files: ['a.onnx'] };
    await watcher.offerModel(model);
    for (const key of keys()) if (key.includes('files/')) s3.objects.delete(key);
    await mkdir(join(root, 'one'));
    await expect(worker.fetchModel(model.sha256, join(root, 'one'))).rejects.toMatchObject({ code: 'MODEL_MISSING' });
    await watcher.offerModel(model);
    await mkdir(join(root, 'two'));
    expect(await worker.fetchModel(model.sha256, join(root, 'two'))).toBe('a.onnx');
  });

  it('is refused where the server overwrites what it is told not to', async () => {
    s3.isConditional = false;
    expect(await faultOf({})).toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringMatching(/If-None-Match/),
    });
  });

  it('names a bucket that is not there', async () => {
    const { code, message } = await faultOf({ bucket: 'nobodys' });
    expect(code).toBe('STORE_UNAVAILABLE');
    expect(message).toMatch(
      /p\/work\/check\..*\/probe in the bucket nobodys at http:.* could not be written: there is no such bucket/,
    );
  });

  it.each([
    ['AccessDenied', 403, /s3:PutObject/],
    ['InvalidAccessKeyId', 403, /AWS_ACCESS_KEY_ID/],
    ['SignatureDoesNotMatch', 403, /AWS_SECRET_ACCESS_KEY/],
    ['RequestTimeTooSkewed', 403, /clock/],
    ['NotImplemented', 501, /conditional writes/],
  ])('says what to do where the server answers %s', async (code, status, remedy) => {
    s3.harm = () => ({ kind: 'refuse', status, code });
    expect(await faultOf({})).toMatchObject({ code: 'STORE_UNAVAILABLE', message: expect.stringMatching(remedy) });
  });

  it('says so where nothing listens', async () => {
    expect(await faultOf({ endpoint: 'http://127.0.0.1:1' })).toMatchObject({
      message: expect.stringMatching(/nothing listens there.*"endpoint"/),
    });
  });

  it('says so where something else than an S3 server answers', async () => {
    const server = createServer((_request, response) => response.writeHead(200).end('<html>welcome'));
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const { message } = await faultOf({ endpoint: `http://127.0.0.1:${port}` });
    server.closeAllConnections();
    server.close();
    expect(message).toMatch(/"endpoint"|If-None-Match/);
  });

  it('writes no file where there is no room for it, and says which', async () => {
    const { root, offer, deliver, watcher, files } = await open();
    await offer('image');
    await deliver('result');
    await writeFile(join(root, 'a-file'), '');
    await expect(watcher.take(files, join(root, 'a-file', 'new.tmp'))).rejects.toThrow(/a-file/);
  });
});
