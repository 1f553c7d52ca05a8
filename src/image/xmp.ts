/** XMP packets: what in them is about the file that the image was, and not about the image, is taken out. */

/** Elements and attributes about orientation, size in pixels, thumbnails and the settings of a raw converter. */
const outdated = [
  'tiff:Orientation',
  'tiff:ImageWidth',
  'tiff:ImageLength',
  'exif:PixelXDimension',
  'exif:PixelYDimension',
  'exif:ColorSpace',
  'xmp:Thumbnails',
  'photoshop:ICCProfile',
];

/** Packets that describe further data in the file, which is not there any more: gain maps, films, depth. */
const describesFile = /hdrgm:|GContainer|Container:Directory|GCamera:(?:MicroVideo|MotionPhoto)|GDepth:|apdi:/;

export function cleanXmp(xmp: string | undefined): {
  readonly xmp: string | undefined;
  readonly notes: readonly string[];
} {
  if (xmp === undefined) return { xmp: undefined, notes: [] };
  if (describesFile.test(xmp))
    return { xmp: undefined, notes: ['its XMP data, which describe other data in the file, were left out'] };
  const cleaned = outdated.reduce(
    (text, name) =>
      text
        .replace(new RegExp(`\\s${name}\\s*=\\s*(?:"[^"]*"|'[^']*')`, 'g'), '')
        .replace(new RegExp(`<${name}(?:\\s[^>]*)?/>|<${name}(?:\\s[^>]*)?>[\\s\\S]*?</${name}>`, 'g'), ''),
    xmp,
  );
  return { xmp: cleaned, notes: [] };
}
