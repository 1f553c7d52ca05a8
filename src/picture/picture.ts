/**
 * The one form in which pixels travel inside cyclebox: sRGB, upright, colour and alpha apart, of 8 bits, or of 16 where
 * that is said (`AnyPicture`). Not a tensor (src/translate makes those) and not a file. The arrays always have exactly the
 * length that width and height say.
 */

import type { PictureMetadata } from './picture-metadata.js';

export const imageFormats = ['jpeg', 'png', 'webp', 'avif', 'tiff'] as const;
export type ImageFormat = (typeof imageFormats)[number];

/** Values of 8 bits, in [0, 255], or of 16, in [0, 65535]. */
export type Samples = Uint8Array | Uint16Array;

export interface PictureOf<S extends Samples> {
  /** Pixels, after EXIF orientation has been applied. */
  readonly width: number;
  readonly height: number;
  /** Interleaved red, green, blue; `width * height * 3` values. */
  readonly rgb: S;
  /** Opacity, `width * height` values of the same depth, not premultiplied; absent when the source has none. */
  readonly alpha?: S;
  /** The format of the source, and so the default one of the output. */
  readonly format: ImageFormat;
  /** What the source held that is not in the picture: sentences without a subject, which is the source. */
  readonly notes?: readonly string[];
  /** What the source says besides its pixels and what holds of a translation too. */
  readonly metadata?: PictureMetadata;
  /** Where it was read to be written in the space of its source: that space, and its colours there. */
  readonly space?: SourceSpace;
}

export interface SourceSpace {
  /** An ICC profile. */
  readonly icc: Uint8Array;
  /** As `rgb` of the picture that was read, in that space. */
  readonly rgb: Samples;
}

/** Of bytes, as plugins and whoever does not ask for more see it. */
export type Picture = PictureOf<Uint8Array>;

/** Of 8 or 16 bits. */
export type AnyPicture = PictureOf<Samples>;

const extensions: Readonly<Record<ImageFormat, readonly string[]>> = {
  jpeg: ['.jpg', '.jpeg', '.jpe', '.jfif'],
  png: ['.png'],
  webp: ['.webp'],
  avif: ['.avif'],
  tiff: ['.tif', '.tiff'],
};

/**
 * `name` with an extension that fits `format`: an extension that already does is left as it is written (`.JPG` stays),
 * any other image extension is replaced, and anything else is kept and the usual extension added.
 */
export function nameForFormat(name: string, format: ImageFormat): string {
  const dot = name.lastIndexOf('.');
  const extension = dot > 0 ? name.slice(dot).toLowerCase() : '';
  if (extensions[format].includes(extension)) return name;
  const isImageExtension = Object.values(extensions).some(known => known.includes(extension));
  return `${isImageExtension ? name.slice(0, dot) : name}${extensions[format][0]}`;
}
