/**
 * From the size of an image's file to the size it is trained at, and whether a crop fits in there. Pure arithmetic on
 * sizes; `decode-parts.ts` does it to pixels. What the scan says of an image is what the training then finds.
 */

/**
 * `resize-and-crop`: the shorter side is scaled to `loadSize`, proportions are kept. `crop`: nothing is scaled.
 * `scale-width`: the width is scaled to `loadSize`, the height in proportion. `none`: the image as it is, each side
 * scaled to the nearest multiple of 4, and not cropped. The reference's `--preprocess` has these four names, but its
 * `resize_and_crop` squashes images to a square.
 */
export const preprocessings = ['resize-and-crop', 'crop', 'scale-width', 'none'] as const;
export type Preprocess = (typeof preprocessings)[number];

export interface Geometry {
  readonly preprocess: Preprocess;
  /** Side of the crops. */
  readonly size: number;
  /** 0: nothing is scaled. */
  readonly loadSize: number;
}

/** In pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** The size that an image is decoded to, before it is cropped. */
export function loadedSize({ width, height }: Size, geometry: Geometry): Size {
  if (geometry.preprocess === 'none') return { width: nearestMultipleOf4(width), height: nearestMultipleOf4(height) };
  if (!isScaled(geometry)) return { width, height };
  const scale = geometry.loadSize / (geometry.preprocess === 'scale-width' ? width : Math.min(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/** Whether `loadSize` counts. */
export function isScaled({ preprocess, loadSize }: Geometry): boolean {
  return loadSize > 0 && (preprocess === 'resize-and-crop' || preprocess === 'scale-width');
}

/** Whether images decoded for one of the two can be cropped for the other. */
export function loadsAlike(one: Geometry, other: Geometry): boolean {
  if (one.preprocess !== other.preprocess) return false;
  return isScaled(one) ? one.loadSize === other.loadSize : !isScaled(other);
}

/** Whether a crop can be taken of an image that was decoded to this size. */
export function cropFits({ width, height }: Size, { preprocess, size }: Geometry): boolean {
  return preprocess === 'none' ? width === size && height === size : Math.min(width, height) >= size;
}

/** Halves go to the even neighbour, as in the reference (Python's `round`). */
function nearestMultipleOf4(length: number): number {
  const quarters = length / 4;
  const below = Math.floor(quarters);
  const isUp = quarters - below === 0.5 ? below % 2 === 1 : quarters - below > 0.5;
  return Math.max(4, 4 * (isUp ? below + 1 : below));
}
