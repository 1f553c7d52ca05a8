import { describe, expect, test } from 'vitest';
import { decodeImage } from '../../src/image/index.js';
import { plainTiff } from '../support/tiff-bytes.js';

const size = { width: 4, height: 1 };
/** Half, a quarter and all of the same colour, and nothing. */
const alpha = [128, 64, 255, 0];
const colour = [200, 100, 40];

describe('a TIFF whose colours are multiplied with their opacity', () => {
  test.each([8, 16] as const)('of %i bits gives them as they are, with the opacity beside them', async bits => {
    const unit = bits === 8 ? 1 : 257;
    const values = alpha.flatMap(a => [...colour.map(c => Math.round((c * unit * a) / 255)), a * unit]);
    const pixels = bits === 8 ? Uint8Array.from(values) : new Uint8Array(Uint16Array.from(values).buffer);
    const tiff = plainTiff({ ...size, samples: 4, bits, fields: [[338, 3, [1]]] }, pixels);
    const { rgb, alpha: opacity } = await decodeImage(tiff, { depth: 'source' });
    expect([...opacity!]).toEqual(alpha.map(a => a * unit));
    for (let i = 0; i < 3; i++)
      for (let c = 0; c < 3; c++)
        expect(Math.abs(rgb[i * 3 + c]! - colour[c]! * unit)).toBeLessThanOrEqual(bits === 8 ? 2 : 3);
  });
});
