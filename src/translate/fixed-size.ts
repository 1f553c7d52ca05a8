/**
 * Networks that insist on a size are shown every picture at it, as a whole: proportions are not kept on the way, as they
 * are not where such networks are trained. How the result gets the picture's own size again is translate-at-scale's.
 */
import type { FixedSizes } from '../onnx/index.js';
import type { PictureSize } from './translate-at-scale.js';

export function insistsOnSize({ width, height }: FixedSizes): boolean {
  return width !== undefined || height !== undefined;
}

/** The size that the network takes instead of `size`. */
export function fixedSize(size: PictureSize, fixed: FixedSizes): PictureSize {
  return { width: fixed.width ?? size.width, height: fixed.height ?? size.height };
}
