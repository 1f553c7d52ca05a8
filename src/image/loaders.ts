/**
 * Leaves libvips only the five loaders that cyclebox uses, for the whole process. A second wall behind `sniffFormat`,
 * for processes that are ours alone (worker, command line): it is not raised on import, because in somebody else's
 * pipeline it would also take SVG and GIF away from their own use of sharp.
 */
import sharp from 'sharp';

const allowed = ['Jpeg', 'Png', 'Webp', 'Heif', 'Tiff'].flatMap(name => [
  `VipsForeignLoad${name}File`,
  `VipsForeignLoad${name}Buffer`,
]);

/** Call once at the start of a process that decodes files of unknown origin. */
export function blockUntrustedLoaders(): void {
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({ operation: allowed });
}
