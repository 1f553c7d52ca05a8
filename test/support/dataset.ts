/**
 * Folders of training images whose pixels say where they come from: red is the column, green the row, blue the number of
 * the image. So a test reads off a batch which image it shows, where it was cropped and whether it was mirrored.
 */
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { onTestFinished } from 'vitest';
import type { TensorData } from '../../src/engine/index.js';
import {
  type Batch,
  type DataSettings,
  type DataState,
  type OpenDataOptions,
  openTrainingData,
  type TrainingData,
} from '../../src/training/data/index.js';
import { temporaryFolder } from './pictures.js';

export interface CodedImage {
  readonly number: number;
  readonly width?: number;
  readonly height?: number;
}

/** The bytes of a coded image, without loss. Sides up to 256. */
export function codedPng({ number, width = 48, height = 40 }: CodedImage): Promise<Buffer> {
  const pixels = new Uint8Array(width * height * 3);
  for (let at = 0; at < width * height; at++) pixels.set([at % width, Math.floor(at / width), number], at * 3);
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}

/** Writes coded images under their names, which may have folders. */
export async function writeCoded(folder: string, images: Readonly<Record<string, CodedImage>>): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, image] of Object.entries(images)) await writeInto(folder, name, await codedPng(image));
}

export async function writeInto(folder: string, name: string, content: Uint8Array | string): Promise<void> {
  await mkdir(dirname(join(folder, name)), { recursive: true });
  await writeFile(join(folder, name), content);
}

/** Two folders, `a` with images 1 to 5 and `b` with images 101 to 107, and settings that do not scale. */
export async function twoFolders(more: Partial<DataSettings> = {}): Promise<DataSettings> {
  const root = await temporaryFolder();
  const [a, b] = [join(root, 'a'), join(root, 'b')];
  await writeCoded(a, numbered(1, 5));
  await writeCoded(b, numbered(101, 7));
  return { a, b, size: 32, loadSize: 0, flip: true, batch: 1, seed: 1, ...more };
}

/** Until the test ends. Without threads, which are slow to start and change no batch (data-draws.test.ts), unless asked for. */
export async function openData(
  settings: DataSettings,
  start?: DataState,
  options: OpenDataOptions = {},
): Promise<TrainingData> {
  const data = await openTrainingData(settings, start, { threads: 0, ...options });
  onTestFinished(() => data.dispose());
  return data;
}

/** `1.png`, `2.png`, … */
export function numbered(first: number, count: number): Record<string, CodedImage> {
  return Object.fromEntries(Array.from({ length: count }, (_, at) => [`${at + 1}.png`, { number: first + at }]));
}

export interface Seen {
  readonly number: number;
  readonly left: number;
  readonly top: number;
  readonly mirrored: boolean;
}

/** What an example of a batch shows of which coded image. @throws when its pixels are not those of one crop of one */
export function seen({ shape, data }: TensorData, example = 0): Seen {
  const [, , height, width] = shape as [number, number, number, number];
  const byte = (channel: number, y: number, x: number) =>
    Math.round((data[((example * 3 + channel) * height + y) * width + x]! + 1) * 127.5);
  const [first, last] = [byte(0, 0, 0), byte(0, 0, width - 1)];
  const view = { number: byte(2, 0, 0), left: Math.min(first, last), top: byte(1, 0, 0), mirrored: last < first };
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const column = view.left + (view.mirrored ? width - 1 - x : x);
      const pixel = [byte(0, y, x), byte(1, y, x), byte(2, y, x)];
      if (pixel.join() !== [column, view.top + y, view.number].join())
        throw new Error(
          `pixel ${x},${y} of the crop is ${pixel}, not of image ${view.number} at ${column},${view.top + y}`,
        );
    }
  return view;
}

/** What both sides of every example show. */
export function seenPairs({ A, B }: Batch): readonly (readonly [Seen, Seen])[] {
  return Array.from({ length: A.shape[0]! }, (_, example) => [seen(A, example), seen(B, example)] as const);
}

export async function take(data: TrainingData, count: number): Promise<readonly Batch[]> {
  const batches: Batch[] = [];
  for (let index = 0; index < count; index++) batches.push(await data.next());
  return batches;
}

/** A digest of every batch, shape and bits: quicker to compare than the numbers. */
export function bits(batches: readonly Batch[]): readonly string[] {
  return batches.map(({ A, B }) => {
    const hash = createHash('sha256');
    for (const { shape, data } of [A, B]) hash.update(`${shape}:`).update(Buffer.from(data.buffer));
    return hash.digest('hex');
  });
}

export async function takeBits(data: TrainingData, count: number): Promise<readonly string[]> {
  return bits(await take(data, count));
}
