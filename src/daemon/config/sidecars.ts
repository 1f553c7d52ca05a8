/**
 * Files that lie beside images and say something about them: settings of raw converters, world files, captions, hashes. They
 * are no images and nobody means them to be, so that they are passed over like junk. What else is no image is still named.
 */

/** In lower case, without the dot. */
const endings = [
  // What photo software keeps beside a photo.
  ...['xmp', 'aae', 'thm', 'pp3', 'dop', 'on1'],
  // Where on earth it is.
  ...['jgw', 'jpgw', 'jpegw', 'pgw', 'pngw', 'tfw', 'tifw', 'tiffw', 'wld', 'prj', 'ovr'],
  // Captions, settings of generators, tables, hashes.
  ...['txt', 'caption', 'json', 'yaml', 'yml', 'xml', 'csv', 'md5', 'sha256'],
];

/** Patterns as `ignore` has them. */
export const sidecars: readonly string[] = endings.map(ending => `*.${ending}`);
