import { totalmem } from 'node:os';
import { expect, test } from 'vitest';
import { activationBytesPerPixel, defaultMemoryLimitBytes, sizeRule } from '../../src/translate/activation-memory.js';

const resnet9 = (width: number) => ({ metadata: {}, fileBytes: 4 * 2778 * width ** 2 });
const named = (width: unknown) => ({
  metadata: { 'cyclebox.architecture': JSON.stringify({ kind: 'resnet', width }) },
  fileBytes: 1,
});

test('the estimate follows the width that the metadata names', () => {
  expect(activationBytesPerPixel(named(64))).toBe(2 * activationBytesPerPixel(named(32)));
});

test('a U-Net, whose first layer has half the resolution, takes less', () => {
  const unet = { metadata: { 'cyclebox.architecture': '{"kind":"unet","width":64}' }, fileBytes: 1 };
  expect(activationBytesPerPixel(unet)).toBeLessThan(activationBytesPerPixel(named(64)) / 2);
});

test('a file without metadata is judged by its size, to the same estimate', () => {
  expect(activationBytesPerPixel(resnet9(64))).toBeCloseTo(activationBytesPerPixel(named(64)));
  expect(
    activationBytesPerPixel({ metadata: { 'cyclebox.architecture': '{' }, fileBytes: resnet9(64).fileBytes }),
  ).toBe(activationBytesPerPixel(resnet9(64)));
  expect(activationBytesPerPixel(named('wide'))).toBe(activationBytesPerPixel(named(1)));
});

test('the default limit is half of the memory, or of the container’s', () => {
  expect(defaultMemoryLimitBytes()).toBeLessThanOrEqual(totalmem() / 2);
  expect(defaultMemoryLimitBytes()).toBeGreaterThan(1e8);
});

test('the size multiple comes from the metadata, and is 4 where that says nothing of use', () => {
  expect(sizeRule({ 'cyclebox.size_multiple': '256' }).multiple).toBe(256);
  for (const nonsense of ['', '0', '-4', '2.5', 'four', '1e9'])
    expect(sizeRule({ 'cyclebox.size_multiple': nonsense }).multiple).toBe(4);
});
