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
  return { xmp: outdated.reduce((text, name) => withoutElement(withoutAttribute(text, name), name), xmp), notes: [] };
}

function withoutAttribute(xmp: string, name: string): string {
  return xmp.replace(new RegExp(`\\s${name}\\s*=\\s*(?:"[^"]*"|'[^']*')`, 'g'), '');
}

/** In one walk: a packet of elements that are never closed is read once, not once for each of them. */
function withoutElement(xmp: string, name: string): string {
  const [tag, close] = [new RegExp(`<${name}(?:\\s[^<>]*)?/?>`, 'g'), `</${name}>`];
  let kept = '';
  let from = 0;
  for (let match = tag.exec(xmp); match; match = tag.exec(xmp)) {
    const end = match[0].endsWith('/>') ? tag.lastIndex : endOf(xmp, close, tag.lastIndex);
    if (end === undefined) break;
    kept += xmp.slice(from, match.index);
    from = end;
    tag.lastIndex = end;
  }
  return kept + xmp.slice(from);
}

function endOf(xmp: string, close: string, from: number): number | undefined {
  const at = xmp.indexOf(close, from);
  return at < 0 ? undefined : at + close.length;
}
