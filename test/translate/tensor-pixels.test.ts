import { expect, test } from 'vitest';
import { toByte, toByteScale } from '../../src/image/index.js';
import { allowedLength, regionsToTensor, sidesFor } from '../../src/translate/tensor-pixels.js';

const rule = { multiple: 4, minimum: 16 };
const sides = (side: number) => ({ width: side, height: side });

test('sides grow to the next multiple, and to the minimum', () => {
  expect([1, 16, 17, 256, 257].map(length => allowedLength(length, rule))).toEqual([16, 16, 20, 256, 260]);
  expect(allowedLength(300, { multiple: 256, minimum: 16 })).toBe(512);
});

test('sides that the network insists on are its own, whatever the rule', () => {
  const picture = { width: 17, height: 300 };
  expect(sidesFor(picture, rule, { width: undefined, height: undefined })).toEqual({ width: 20, height: 300 });
  expect(sidesFor(picture, rule, { width: 250, height: undefined })).toEqual({ width: 250, height: 300 });
});

test('every byte survives the way to the range of the network and back', () => {
  const rgb = Uint8Array.from({ length: 256 * 3 }, (_, i) => Math.floor(i / 3));
  const { data, shape } = regionsToTensor({ rgb, width: 16 }, [{ x: 0, y: 0, width: 16, height: 16 }], sides(16));
  expect(shape).toEqual([1, 3, 16, 16]);
  expect([Math.min(...data), Math.max(...data)]).toEqual([-1, 1]);
  for (let i = 0; i < 256; i++) expect(toByte(toByteScale(data[i + 256]!))).toBe(i);
});

test('values outside the range are clamped', () => {
  expect([-3, -1, 1, 1.5].map(value => toByte(toByteScale(value)))).toEqual([0, 0, 255, 255]);
});

test('a region is continued by reflection, again and again when it is tiny', () => {
  const rgb = Uint8Array.from({ length: 5 * 4 * 3 }, (_, i) => Math.floor(i / 3));
  const { data, shape } = regionsToTensor({ rgb, width: 5 }, [{ x: 1, y: 2, width: 3, height: 1 }], sides(4));
  expect(shape).toEqual([1, 3, 4, 4]);
  const row = [11, 12, 13, 12];
  expect([...data.subarray(0, 16)].map(value => toByte(toByteScale(value)))).toEqual([...row, ...row, ...row, ...row]);
  const point = regionsToTensor({ rgb, width: 5 }, [{ x: 4, y: 3, width: 1, height: 1 }], sides(16));
  expect(new Set(point.data).size).toBe(1);
});
