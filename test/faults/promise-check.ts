/**
 * The promise, as a check: every input has exactly one output, that output is right, no temporary file is left, and
 * what was published once has been neither replaced nor written to. Inputs are small pictures of one colour each, and
 * the model negates: so each output tells from its pixels which input it belongs to.
 */
import { lstat, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import sharp from 'sharp';
import { expect } from 'vitest';
import { isTemporaryName } from '../../src/base/index.js';

export type Colour = readonly [red: number, green: number, blue: number];

/** A colour of its own for each of the first sixteen million inputs, none of them its own negative. */
export function colourOf(index: number): Colour {
  return [index & 255, (index >> 8) & 255, (index >> 16) & 255];
}

export function pictureOf(colour: Colour, size = 8): Promise<Buffer> {
  const [r, g, b] = colour;
  return sharp({ create: { width: size, height: size, channels: 3, background: { r, g, b } } })
    .png({ compressionLevel: 1 })
    .toBuffer();
}

/** Puts a picture into the inbox in one step, as careful writers do. */
export async function drop(root: string, path: string, index: number): Promise<void> {
  const file = join(root, 'inbox', path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, await pictureOf(colourOf(index)));
}

/** Drops pictures 0 to count − 1 into `folder` and returns their paths in that order. */
export async function dropMany(root: string, count: number, folder = 'day-to-night'): Promise<string[]> {
  const paths = Array.from({ length: count }, (_, i) => `${folder}/${String(i).padStart(4, '0')}.png`);
  for (const [index, path] of paths.entries()) await drop(root, path, index);
  return paths;
}

/** Files below a folder, relative to it, hidden ones too. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(absent);
  return entries
    .filter(entry => !entry.isDirectory())
    .map(entry => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

const isHidden = (path: string) => /(^|\/)\./.test(path);
const isTemporary = (path: string) => isTemporaryName(basename(path)) || path.endsWith('.tmp');

/** What readers of the outbox see: neither what cyclebox keeps there for itself nor a list of failures. */
export async function outputs(root: string, outbox = 'outbox'): Promise<string[]> {
  return (await filesBelow(join(root, outbox))).filter(path => !isHidden(path) && path !== 'failed.json');
}

/** Content and inode of everything published, to be compared with later. */
export async function published(root: string): Promise<ReadonlyMap<string, string>> {
  const paths = await outputs(root);
  return new Map(
    await Promise.all(paths.map(async path => [path, await fingerprint(join(root, 'outbox', path))] as const)),
  );
}

async function fingerprint(file: string): Promise<string> {
  const { ino, mtimeNs } = await lstat(file, { bigint: true });
  return `${ino} ${mtimeNs} ${(await readFile(file)).toString('base64')}`;
}

/** Everything published before is there still, untouched. */
export async function expectUntouched(root: string, before: ReadonlyMap<string, string>): Promise<void> {
  const now = await published(root);
  for (const [path, was] of before) expect(now.get(path), `${path} was published and has been touched`).toBe(was);
}

/** `paths[i]` is the input of colour i; its output has its name. */
export async function expectPromiseKept(root: string, paths: readonly string[]): Promise<void> {
  const found = await filesBelow(join(root, 'outbox'));
  expect(found.filter(isTemporary), 'temporary files left').toEqual([]);
  expect(await outputs(root)).toEqual([...paths].sort());
  for (const [index, path] of paths.entries()) {
    expect(await colourIn(join(root, 'outbox', path)), path).toEqual(negative(colourOf(index)));
  }
}

export async function colourIn(file: string): Promise<number[]> {
  const pixels = await sharp(file).removeAlpha().raw().toBuffer();
  return [...pixels.subarray(0, 3)];
}

export const negative = (colour: Colour): number[] => colour.map(value => 255 - value);

function absent(error: NodeJS.ErrnoException): [] {
  if (error.code === 'ENOENT') return [];
  throw error;
}
