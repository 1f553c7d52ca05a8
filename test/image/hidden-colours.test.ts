import { describe, expect, test } from 'vitest';
import { type PictureOf, type Samples, withoutHiddenColours } from '../../src/image/index.js';

const side = 32;

/** A red disc in a square that is transparent, and pure green under that. */
function disc<S extends Samples>(white: number, make: (length: number) => S): PictureOf<S> {
  const [rgb, alpha] = [make(side * side * 3), make(side * side)];
  for (let i = 0; i < side * side; i++) {
    const isInside = ((i % side) - 15.5) ** 2 + (Math.floor(i / side) - 15.5) ** 2 < 100;
    rgb.set(isInside ? [white, 0, 0] : [0, white, 0], i * 3);
    alpha[i] = isInside ? white : 0;
  }
  return { width: side, height: side, rgb, alpha, format: 'png' };
}

describe('colours under full transparency', () => {
  test.each([
    [8, disc(255, length => new Uint8Array(length))],
    [16, disc(65_535, length => new Uint16Array(length))],
  ] as const)('become those of the visible around them, and those do not change (%i bits)', (_, picture) => {
    const { rgb, alpha } = withoutHiddenColours<Samples>(picture);
    expect(alpha).toBe(picture.alpha);
    const white = Math.max(...picture.alpha!);
    for (let i = 0; i < side * side; i++) expect([...rgb.subarray(i * 3, i * 3 + 3)]).toEqual([white, 0, 0]);
  });

  test('lie between the colours on both sides', () => {
    const row = { width: 64, height: 1, format: 'png' as const };
    const rgb = Uint8Array.from({ length: 64 * 3 }, (_, i) => (i < 24 ? 40 : i >= 168 ? 200 : 255));
    const alpha = Uint8Array.from({ length: 64 }, (_, i) => (i < 8 || i >= 56 ? 1 : 0));
    const filled = withoutHiddenColours({ ...row, rgb, alpha }).rgb;
    for (const value of filled) expect(value >= 40 && value <= 200).toBe(true);
    expect(Math.abs(filled[8 * 3]! - 40)).toBeLessThan(8);
    expect(Math.abs(filled[55 * 3]! - 200)).toBeLessThan(8);
  });

  test('have no steps in them, however large what is hidden', () => {
    const [width, height] = [256, 256];
    const rgb = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
      const x = Math.floor(i / 3) % width;
      return x < 16 ? 40 : x >= 240 ? 220 : 255;
    });
    const alpha = Uint8Array.from({ length: width * height }, (_, i) => (i % width < 16 || i % width >= 240 ? 255 : 0));
    const filled = withoutHiddenColours({ width, height, rgb, alpha, format: 'png' }).rgb;
    let step = 0;
    for (let x = 17; x < 240; x++)
      step = Math.max(step, Math.abs(filled[(128 * width + x) * 3]! - filled[(128 * width + x - 1) * 3]!));
    expect(step).toBeLessThanOrEqual(10);
  });

  test('stay what they are where there are no others, or none are hidden', () => {
    const picture = disc(255, length => new Uint8Array(length));
    const all = { ...picture, alpha: new Uint8Array(side * side) };
    expect(withoutHiddenColours(all)).toBe(all);
    const none = { ...picture, alpha: new Uint8Array(side * side).fill(1) };
    expect(withoutHiddenColours(none)).toBe(none);
  });
});
