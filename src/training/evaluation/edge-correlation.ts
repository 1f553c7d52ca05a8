/**
 * Whether edges are where they were: the correlation of two images' edge maps (Sobel's gradient magnitude of luminance),
 * fine and coarse. Blind to colour and to whether light and dark are exchanged; 1 for equal maps, near 0 for unrelated ones.
 */
import { correlationOf } from './correlation.js';
import { downscalePlane } from './downscale.js';
import { luminanceOf, type Plane, type Planes } from './planes.js';

/** Halved once, where textures are, and twice more, where only outlines are left. */
const scales = [2, 8] as const;

/** Images of one size, at least 32 pixels to a side. In [-1, 1]. */
export function edgeCorrelation(a: Planes, b: Planes): number {
  const [x, y] = [luminanceOf(a), luminanceOf(b)];
  const each = scales.map(scale => correlationOf(edgesAt(x, scale), edgesAt(y, scale)));
  return each.reduce((sum, value) => sum + value, 0) / scales.length;
}

function edgesAt(luminance: Plane, scale: number): Float32Array {
  const { width, height } = luminance;
  return gradientMagnitude(downscalePlane(luminance, Math.floor(width / scale), Math.floor(height / scale)));
}

/** Sobel's, of the inner pixels: `(width - 2) * (height - 2)` values. */
export function gradientMagnitude({ width, height, data }: Plane): Float32Array {
  const magnitude = new Float32Array((width - 2) * (height - 2));
  let to = 0;
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1; x < width - 1; x++) {
      const at = (dx: number, dy: number) => data[(y + dy) * width + x + dx]!;
      const [nw, ne, sw, se] = [at(-1, -1), at(1, -1), at(-1, 1), at(1, 1)];
      const horizontal = ne + 2 * at(1, 0) + se - nw - 2 * at(-1, 0) - sw;
      const vertical = sw + 2 * at(0, 1) + se - nw - 2 * at(0, -1) - ne;
      magnitude[to++] = Math.hypot(horizontal, vertical);
    }
  }
  return magnitude;
}
