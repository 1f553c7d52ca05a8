/**
 * Files that lie beside images and say something about them: settings of raw converters, world files, captions, hashes. They
 * are no images and nobody means them to be, so that they are passed over like junk. What else is no image is still named.
 * Here it is told which of them belong to an image, and how they are called beside its output. Pure text.
 */
import { extname } from 'node:path';

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

/** Where each pixel is on the earth: holds for a picture of the same size only. */
export function speaksOfPixels(name: string): boolean {
  return /^\.(j|p|t)\w*w$|^\.wld$|^\.ovr$/i.test(extname(name)) || /\.aux\.xml$/i.test(name);
}

function isSidecar(name: string): boolean {
  return !name.startsWith('.') && endings.includes(extname(name).slice(1).toLowerCase());
}

/** Those of the names in its folder that are an image's sidecars: `a.xmp`, `a.jpg.xmp` and `a.jpg.aux.xml` are of `a.jpg`. */
export function sidecarsOf(image: string, names: readonly string[]): readonly string[] {
  const isOf = (name: string) => name.startsWith(`${image}.`) || stemOf(name) === stemOf(image);
  return names.filter(name => name !== image && isSidecar(name) && isOf(name));
}

/** True when a sidecar of the image is another image's, too, as `a.xmp` is of `a.jpg` and `a.tif`. */
export function isShared(sidecar: string, image: string, names: readonly string[]): boolean {
  if (sidecar.startsWith(`${image}.`)) return false;
  return names.some(name => name !== image && !isSidecar(name) && stemOf(name) === stemOf(image));
}

/** What it is called beside the image's output: `a (2).xmp` beside `a (2).jpg`. */
export function carriedName(sidecar: string, image: string, output: string): string {
  if (sidecar.startsWith(`${image}.`)) return output + sidecar.slice(image.length);
  return stemOf(output) + extname(sidecar);
}

function stemOf(name: string): string {
  return name.slice(0, name.length - extname(name).length);
}
