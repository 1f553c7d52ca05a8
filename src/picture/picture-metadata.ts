/** What a picture carries of what its source says besides the pixels: see `read-metadata.ts` and `embed-metadata.ts` in `image/`. */

export interface PictureMetadata {
  /** Fields of EXIF's main directory, of its own and of GPS; little-endian. */
  readonly main: readonly TiffField[];
  readonly exif: readonly TiffField[];
  readonly gps: readonly TiffField[];
  /** GeoTIFF's fields: they have a place in TIFFs only, and speak of pixels: they hold at `size` alone. */
  readonly geo: readonly TiffField[];
  /** Of the picture that they were read with. */
  readonly size: { readonly width: number; readonly height: number };
  /** An XMP packet. */
  readonly xmp: string | undefined;
  /** Pixels per inch. */
  readonly density: number | undefined;
}

export interface TiffField {
  readonly tag: number;
  readonly type: number;
  readonly count: number;
  /** `count` values, in the byte order of the file. */
  readonly data: Buffer;
}
