import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { contentOf, identify } from '../../src/base/index.js';
import { decodeImage } from '../../src/image/index.js';
import { DecodeAhead } from '../../src/worker/decoded-ahead.js';
import { testSharp } from '../support/pictures.js';

let root: string;
let source: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'cyclebox-ahead-'));
  source = join(root, 'a.png');
  await testSharp(12, 8).png().toFile(source);
});
afterEach(() => rm(root, { recursive: true, force: true }));

const requestFor = async (file: string) => ({
  source: file,
  expected: { root, identity: (await identify(file))! },
  mayGrow: false,
  depth: 8 as const,
  colour: undefined,
});

describe('decoded-ahead', () => {
  it('has the image and the hash of what was read, once, without looking at the file again', async () => {
    const ahead = new DecodeAhead();
    const request = await requestFor(source);
    const picture = await decodeImage(source);
    const { sha256 } = await contentOf(source);
    await ahead.start(request, {});
    await rm(source);
    const taken = await ahead.take({ ...request });
    expect(taken?.picture).toEqual(picture);
    expect(taken?.content.sha256).toBe(sha256);
    expect(await ahead.take(request)).toBeUndefined();
  });

  it('has nothing for another file, another state of it, or other colours', async () => {
    const request = await requestFor(source);
    const others = [
      { ...request, source: join(root, 'b.png') },
      { ...request, expected: { root, identity: 'another' } },
      { ...request, expected: undefined },
      { ...request, depth: 16 as const },
      { ...request, colour: 'source' as const },
    ];
    for (const other of others) {
      const ahead = new DecodeAhead();
      await ahead.start(request, {});
      expect(await ahead.take(other)).toBeUndefined();
    }
  });

  it('has what was looked at closely for who need not, and not the other way round', async () => {
    const request = await requestFor(source);
    const ahead = new DecodeAhead();
    await ahead.start({ ...request, mayGrow: true }, {});
    expect(await ahead.take(request)).toBeDefined();
    await ahead.start(request, {});
    expect(await ahead.take({ ...request, mayGrow: true })).toBeUndefined();
  });

  it('leaves what cannot be decoded, is not what was seen or is too large to whoever asks for it', async () => {
    const ahead = new DecodeAhead();
    const request = await requestFor(source);
    for (const [wrong, limits] of [
      [{ ...request, source: join(root, 'gone.png') }, {}],
      [{ ...request, expected: { root, identity: 'another' } }, {}],
      [request, { maxPixels: 10 }],
    ] as const) {
      await ahead.start(wrong, limits);
      expect(await ahead.take(wrong)).toBeUndefined();
    }
  });
});
