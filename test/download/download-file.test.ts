import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type DownloadRequest, downloadFile, zipArchive } from '../../src/download/index.js';
import {
  answer,
  cutAfter,
  deafAddress,
  type FileServer,
  fileServer,
  ignoreRange,
  sayLength,
  servePage,
  stallAfter,
} from '../support/file-server.js';
import { temporaryFolder } from '../support/pictures.js';

const hashOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
/** Begins as a zip archive does; what follows does not matter here. */
const content = Buffer.concat([Buffer.from('PK\x03\x04'), randomBytes(200_000)]);
const sha256 = hashOf(content);

async function place(): Promise<string> {
  return join(await temporaryFolder(), 'made/on/the/way/file.zip');
}

function request(server: FileServer, to: string, more: Partial<DownloadRequest> = {}): DownloadRequest {
  return { addresses: [`${server.base}file.zip`], to, kind: zipArchive, firstDelayMs: 0, idleMs: 10_000, ...more };
}

/** Names in the folder of the file that was to be fetched. */
const beside = (to: string) => readdir(join(to, '..'));

describe('a file that a server has', () => {
  test('is fetched whole, with its size, hash and address, and leaves nothing else behind', async () => {
    const server = await fileServer(content);
    const to = await place();
    const progress: number[] = [];
    const got = await downloadFile(
      request(server, to, { onProgress: ({ receivedBytes }) => progress.push(receivedBytes) }),
    );
    const address = `${server.base}file.zip`;
    expect(got).toEqual({ path: to, sizeBytes: content.length, sha256, address, resumedFromBytes: 0 });
    expect(await readFile(to)).toEqual(content);
    expect(await beside(to)).toEqual(['file.zip']);
    expect(progress.at(-1)).toBe(content.length);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
  });

  test('goes on where the connection broke, and says so', async () => {
    const server = await fileServer(content);
    server.misbehave(cutAfter(50_000), cutAfter(30_000));
    const to = await place();
    const troubles: string[] = [];
    const got = await downloadFile(request(server, to, { onTrouble: text => troubles.push(text) }));
    expect(await readFile(to)).toEqual(content);
    expect(server.asked).toHaveLength(3);
    expect(server.asked[2]).toMatchObject({ range: `bytes=${got.resumedFromBytes}-`, ifRange: '"first"' });
    expect(got.resumedFromBytes).toBeGreaterThan(50_000);
    expect(troubles).toHaveLength(2);
  });

  test('goes on in a later call, also from another address when a hash is known', async () => {
    const [first, second] = [await fileServer(content), await fileServer(content)];
    const to = await place();
    first.misbehave(cutAfter(70_000), answer(404));
    await expect(downloadFile(request(first, to, { sha256 }))).rejects.toMatchObject({ code: 'DOWNLOAD_FAILED' });
    expect((await beside(to)).sort()).toEqual(['file.zip.part', 'file.zip.part.json']);
    const got = await downloadFile(request(second, to, { sha256 }));
    expect(got.resumedFromBytes).toBeGreaterThan(60_000);
    expect(second.asked).toEqual([{ path: '/file.zip', range: `bytes=${got.resumedFromBytes}-`, ifRange: undefined }]);
    expect(await readFile(to)).toEqual(content);
  });

  test('begins anew when the file has changed meanwhile, and at servers that know no ranges', async () => {
    const server = await fileServer(content);
    const changed = Buffer.concat([content, content]);
    const to = await place();
    server.misbehave(cutAfter(70_000), answer(404));
    await expect(downloadFile(request(server, to))).rejects.toMatchObject({ code: 'DOWNLOAD_FAILED' });
    Object.assign(server, { content: changed, etag: '"second"' });
    expect(await downloadFile(request(server, to))).toMatchObject({ sha256: hashOf(changed), resumedFromBytes: 0 });
    expect(server.asked.at(-1)!.range).toBeDefined();
    server.misbehave(cutAfter(70_000), ignoreRange);
    expect(await downloadFile(request(server, to))).toMatchObject({ sha256: hashOf(changed), resumedFromBytes: 0 });
  });

  test('is not gone on with where nothing says that it is the same file', async () => {
    const server = await fileServer(content);
    server.etag = undefined;
    server.misbehave(cutAfter(70_000));
    const to = await place();
    expect(await downloadFile(request(server, to))).toMatchObject({ sha256, resumedFromBytes: 0 });
    expect(server.asked.map(({ range }) => range)).toEqual([undefined, undefined]);
  });

  test('is whole when the call before was stopped between its last byte and its name', async () => {
    const server = await fileServer(content);
    const to = await place();
    server.misbehave(answer(404));
    await expect(downloadFile(request(server, to))).rejects.toThrow();
    await writeFile(`${to}.part`, content);
    await writeFile(`${to}.part.json`, JSON.stringify({ address: `${server.base}file.zip`, validator: '"first"' }));
    server.misbehave(answer(416, { 'content-range': `bytes */${content.length}` }));
    expect(await downloadFile(request(server, to))).toMatchObject({ sha256, resumedFromBytes: content.length });
    expect(await readFile(to)).toEqual(content);
  });
});

describe('a server in difficulties', () => {
  test('is tried again after 503 and 429, and given up after so many tries without a byte', async () => {
    const server = await fileServer(content);
    const to = await place();
    server.misbehave(answer(503), answer(429, { 'retry-after': '0' }));
    expect(await downloadFile(request(server, to, { tries: 3 }))).toMatchObject({ sha256 });
    server.misbehave(answer(503), answer(503), answer(503));
    const failure = downloadFile(request(server, `${to}.other`, { tries: 3 }));
    await expect(failure).rejects.toMatchObject({
      code: 'DOWNLOAD_FAILED',
      message: expect.stringMatching(/503 Service/),
    });
    expect(server.asked).toHaveLength(6);
  });

  test('that sends nothing more is given up, and gone on with', async () => {
    const server = await fileServer(content);
    server.misbehave(stallAfter(60_000));
    const to = await place();
    const troubles: string[] = [];
    const got = await downloadFile(request(server, to, { idleMs: 100, onTrouble: text => troubles.push(text) }));
    expect(got.resumedFromBytes).toBeGreaterThan(0);
    expect(await readFile(to)).toEqual(content);
    expect(troubles).toEqual([expect.stringMatching(/sent nothing for 0\.1 s$/)]);
  });

  test('that says a wrong length is not believed', async () => {
    const server = await fileServer(content);
    const to = await place();
    server.misbehave(sayLength(content.length + 1000), answer(404));
    await expect(downloadFile(request(server, to))).rejects.toMatchObject({ code: 'DOWNLOAD_FAILED' });
    server.misbehave(sayLength(1000));
    const known = { sha256, sizeBytes: content.length };
    await expect(downloadFile(request(server, `${to}.2`, known))).rejects.toMatchObject({
      code: 'DOWNLOAD_MISMATCH',
      message: expect.stringMatching(/has 1000 bytes where 200004 were published/),
    });
    expect(await beside(to)).not.toContain('file.zip');
  });

  test('that sends without a length cannot send without an end', async () => {
    const server = await fileServer(content);
    const to = await place();
    server.misbehave((_request, response, { body }) => void response.writeHead(200).end(Buffer.concat([body, body])));
    await expect(downloadFile(request(server, to, { sizeBytes: content.length }))).rejects.toMatchObject({
      code: 'DOWNLOAD_MISMATCH',
      message: expect.stringMatching(/sends more than the 200004 bytes/),
    });
    await expect(downloadFile(request(server, `${to}.2`, { maxBytes: 1000 }))).rejects.toMatchObject({
      code: 'DOWNLOAD_FAILED',
      message: expect.stringMatching(/more than the 1000 that are taken/),
    });
  });

  test('that serves a web page is told by its title, and nothing is kept', async () => {
    const server = await fileServer(content);
    const to = await place();
    server.misbehave(servePage);
    await expect(downloadFile(request(server, to))).rejects.toMatchObject({
      code: 'DOWNLOAD_MISMATCH',
      message: expect.stringMatching(/serves a web page titled "Sign in to continue", not a zip archive/),
    });
    expect(await beside(to)).toEqual([]);
  });

  test('that is not there is named, with what to do instead', async () => {
    const to = await place();
    const deaf = await deafAddress();
    const addresses = [`${deaf}file.zip`, 'http://no-such-host.invalid/file.zip'];
    const remedy = 'Fetch it elsewhere.';
    await expect(downloadFile({ addresses, to, kind: zipArchive, remedy })).rejects.toMatchObject({
      code: 'DOWNLOAD_FAILED',
      message: expect.stringMatching(
        /^file\.zip could not be fetched: http:\/\/127\.0\.0\.1:\d+\/file\.zip could not be read: .*ECONNREFUSED.*; http:\/\/no-such.*\. Fetch it elsewhere\.$/,
      ),
    });
  });
});

describe('another file than the one that was published', () => {
  test('is refused by its hash and not kept; a mirror that has the right one is asked', async () => {
    const [wrong, right] = [
      await fileServer(Buffer.concat([content.subarray(0, -1), Buffer.of(0)])),
      await fileServer(content),
    ];
    wrong.content[wrong.content.length - 1] = content.at(-1)! ^ 1;
    const to = await place();
    await expect(downloadFile(request(wrong, to, { sha256 }))).rejects.toMatchObject({
      code: 'DOWNLOAD_MISMATCH',
      message: expect.stringContaining(sha256),
    });
    expect(await beside(to)).toEqual([]);
    const addresses = [`${wrong.base}file.zip`, `${right.base}file.zip`];
    expect(await downloadFile(request(right, to, { addresses, sha256 }))).toMatchObject({ address: addresses[1] });
  });

  test('of which a part was fetched earlier is fetched anew before it is refused', async () => {
    const server = await fileServer(content);
    const to = await place();
    server.misbehave(answer(404));
    await expect(downloadFile(request(server, to, { sha256 }))).rejects.toThrow();
    await writeFile(`${to}.part`, Buffer.concat([content.subarray(0, 999), Buffer.of(content[999]! ^ 1)]));
    await writeFile(`${to}.part.json`, JSON.stringify({ address: 'elsewhere', sha256 }));
    expect(await downloadFile(request(server, to, { sha256 }))).toMatchObject({ sha256, resumedFromBytes: 0 });
    expect(server.asked.slice(1).map(({ range }) => range)).toEqual(['bytes=1000-', undefined]);
  });
});

describe('redirects', () => {
  test('are followed, and the last address is told', async () => {
    const server = await fileServer(content);
    server.misbehave(answer(302, { location: '/moved' }), answer(307, { location: `${server.base}again` }));
    const got = await downloadFile(request(server, await place()));
    expect(got).toMatchObject({ address: `${server.base}again`, sha256 });
  });

  test('without an end, and to what is no web address, are refused', async () => {
    const server = await fileServer(content);
    server.misbehave(...Array.from({ length: 9 }, () => answer(302, { location: '/round' })));
    await expect(downloadFile(request(server, await place()))).rejects.toMatchObject({
      message: expect.stringMatching(/redirected more than 5 times/),
    });
    expect(server.asked).toHaveLength(6);
    server.misbehave(answer(404), answer(404), answer(404), answer(302, { location: 'file:///etc/passwd' }));
    for (let rest = 3; rest > 0; rest--) await expect(downloadFile(request(server, await place()))).rejects.toThrow();
    await expect(downloadFile(request(server, await place()))).rejects.toMatchObject({
      message: expect.stringMatching(/redirected to file:\/\/\/etc\/passwd, which is no web address/),
    });
  });
});

test('a cancelled fetch ends at once, and what came stays for the next', async () => {
  const server = await fileServer(content);
  server.misbehave(stallAfter(60_000));
  const to = await place();
  const stop = new AbortController();
  const fetching = downloadFile(request(server, to, { signal: stop.signal, onProgress: () => stop.abort() }));
  await expect(fetching).rejects.toMatchObject({ code: 'CANCELLED' });
  expect((await beside(to)).sort()).toEqual(['file.zip.part', 'file.zip.part.json']);
  expect((await downloadFile(request(server, to))).resumedFromBytes).toBeGreaterThan(0);
});
