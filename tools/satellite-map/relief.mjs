/**
 * Draws the map: heights and land coverage in, RGB out. Hypsometric tints, hill shading lit from the north-west,
 * a deep blue sea with a shallow rim, a thin coast line. Plain arrays, no packages.
 * What must stay true: one style everywhere, decided by heights and coast alone, never by the satellite picture.
 */
import { COAST_INK, RIM_PIXELS, SEA, SEA_RIM, tint } from './palette.mjs';

/** Smooths row-major `values` with a Gaussian of `sigma` pixels; wraps at left and right, clamps at top and bottom. */
export function blur(values, width, height, sigma) {
  const radius = Math.ceil(sigma * 3);
  const kernel = Array.from({ length: radius * 2 + 1 }, (_, i) => Math.exp(-((i - radius) ** 2) / (2 * sigma * sigma)));
  const total = kernel.reduce((a, b) => a + b);
  const wide = new Float32Array(values.length);
  const out = new Float32Array(values.length);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let k = -radius; k <= radius; k++) sum += kernel[k + radius] * values[y * width + ((x + k + width) % width)];
      wide[y * width + x] = sum / total;
    }
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let k = -radius; k <= radius; k++)
        sum += kernel[k + radius] * wide[Math.min(height - 1, Math.max(0, y + k)) * width + x];
      out[y * width + x] = sum / total;
    }
  return out;
}

/** Light 0..~1.4 on the ground, 1 on the flat; `metres` row-major over the whole world, heights exaggerated. */
export function hillShade(metres, width, height, exaggeration) {
  const out = new Float32Array(metres.length);
  const pixelMetres = 40_030_000 / width;
  const light = [-0.5, -0.5, Math.SQRT1_2];
  for (let y = 0; y < height; y++) {
    const squeeze = Math.max(0.2, Math.cos((0.5 - (y + 0.5) / height) * Math.PI));
    const up = Math.max(0, y - 1) * width;
    const down = Math.min(height - 1, y + 1) * width;
    for (let x = 0; x < width; x++) {
      const row = y * width;
      const dx = metres[row + ((x + 1) % width)] - metres[row + ((x - 1 + width) % width)];
      const dy = metres[down + x] - metres[up + x];
      const sx = (dx * exaggeration) / (2 * pixelMetres * squeeze);
      const sy = (dy * exaggeration) / (2 * pixelMetres);
      const lit = (-sx * light[0] - sy * light[1] + light[2]) / Math.sqrt(1 + sx * sx + sy * sy);
      out[row + x] = Math.max(0, lit) / light[2];
    }
  }
  return out;
}

/** Distance in pixels from each sea pixel to the nearest land, up to `limit` (two passes of a 3-4 chamfer). */
export function distanceToLand(coverage, width, height, limit) {
  const d = Float32Array.from(coverage, c => (c >= 0.5 ? 0 : limit));
  const relax = (i, j, cost) => {
    if (d[j] + cost < d[i]) d[i] = d[j] + cost;
  };
  for (let y = 1; y < height; y++)
    for (let x = 1; x < width - 1; x++) {
      const i = y * width + x;
      relax(i, i - 1, 1);
      relax(i, i - width, 1);
      relax(i, i - width - 1, 1.4);
      relax(i, i - width + 1, 1.4);
    }
  for (let y = height - 2; y >= 0; y--)
    for (let x = width - 2; x > 0; x--) {
      const i = y * width + x;
      relax(i, i + 1, 1);
      relax(i, i + width, 1);
      relax(i, i + width + 1, 1.4);
      relax(i, i + width - 1, 1.4);
    }
  return d;
}

const mix = (a, b, t) => a + (b - a) * t;

/**
 * The map as RGB bytes (width * height * 3) from land coverage 0..1, heights in metres and light (1 = flat), all
 * row-major and of the same size.
 */
export function drawMap({ coverage, metres, light, width, height }) {
  const distance = distanceToLand(coverage, width, height, RIM_PIXELS);
  const rgb = Buffer.alloc(width * height * 3);
  for (let i = 0; i < coverage.length; i++) {
    const share = coverage[i];
    const rim = (1 - distance[i] / RIM_PIXELS) ** 2;
    const ink = 4 * share * (1 - share) * 0.45;
    const colour = tint(metres[i]);
    // Light below 1 darkens by multiplying; above 1 it lifts towards a warm white, which keeps tints from bleaching.
    const shade = Math.min(1, light[i]);
    const gleam = Math.min(0.35, Math.max(0, light[i] - 1) * 0.6);
    for (let k = 0; k < 3; k++) {
      const land = mix(colour[k] * mix(0.35, 1, shade), [255, 250, 235][k], gleam);
      const sea = mix(SEA[k], SEA_RIM[k], rim);
      rgb[i * 3 + k] = Math.round(mix(mix(sea, land, share), COAST_INK[k], ink));
    }
  }
  return rgb;
}
