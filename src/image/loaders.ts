/**
 * What libvips may do, for the whole process. For processes that are ours alone (worker, command line, training): none
 * of it happens on import, because in somebody else's pipeline it would also change their own use of sharp.
 */
import sharp from 'sharp';

const allowed = ['Jpeg', 'Png', 'Webp', 'Heif', 'Tiff'].flatMap(name => [
  `VipsForeignLoad${name}File`,
  `VipsForeignLoad${name}Buffer`,
]);

/**
 * Leaves libvips only the five loaders that cyclebox uses: a second wall behind `sniffFormat`. Call once at the start of
 * a process that decodes files of unknown origin.
 */
export function blockUntrustedLoaders(): void {
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({ operation: allowed });
}

/** Images are decoded on one thread each, in the whole process: for one that decodes several at a time. */
export function decodeOnOneThread(): void {
  sharp.concurrency(1);
}
