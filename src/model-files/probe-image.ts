/**
 * A picture to try networks on: slopes, edges, a disc and fine structure, in all brightnesses, as photographs have them. Made
 * by a formula, so that a network always gets the same.
 */

/** Values from 0 to 1, `[3, height, width]`. */
export function probeImage(width: number, height: number): Float32Array {
  const values = new Float32Array(3 * height * width);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const [u, v] = [(x + 0.5) / width, (y + 0.5) / height];
      for (let channel = 0; channel < 3; channel++)
        values[(channel * height + y) * width + x] = Math.min(1, Math.max(0, brightness(u, v, channel)));
    }
  return values;
}

/** u and v from 0 to 1 across and down. */
function brightness(u: number, v: number, channel: number): number {
  const slope = 0.15 + 0.55 * (channel === 0 ? u : channel === 1 ? v : 1 - u);
  const disc = (u - 0.35) ** 2 + (v - 0.4) ** 2 < 0.05 ? 0.35 - 0.3 * channel : 0;
  const edge = u > 0.7 && v > 0.55 ? 0.3 : 0;
  const fine = 0.06 * Math.sin(40 * u + 3 * channel) * Math.sin(31 * v);
  return slope + disc + edge + fine;
}

/** The same as bytes, interleaved. */
export function probePicture(width: number, height: number): Uint8Array {
  const planes = probeImage(width, height);
  const plane = width * height;
  return Uint8Array.from({ length: 3 * plane }, (_, at) =>
    Math.round(255 * planes[(at % 3) * plane + Math.floor(at / 3)]!),
  );
}
