/**
 * The entry of the process that re-encodes pictures for pages: decoders are native code and files are anybody's, so the daemon never
 * opens them itself. What a page gets is made here from pixels, whatever the file was.
 */
import { CycleboxError, isSameIdentity, writeFileAtomic } from '../../base/index.js';
import {
  blockUntrustedLoaders,
  decodeImage,
  decodeOnOneThread,
  encodeImage,
  resizePicture,
} from '../../image/index.js';
import { serveParent } from '../../process/index.js';
import { type PictureApi, type PictureRequest, pictureProtocol } from './picture-protocol.js';

blockUntrustedLoaders();
decodeOnOneThread();

const webpQuality = 82;
const privateMode = 0o600;

await serveParent<PictureApi>({
  protocol: pictureProtocol,
  handlers: () => ({ encode }),
});

async function encode({ file, identity, longestSide, target }: PictureRequest) {
  const picture = await decodeImage(file, {
    // With this, links are refused.
    async onOpened(opened) {
      if (identity === undefined || isSameIdentity(opened.identity, identity)) return;
      throw new CycleboxError('FILE_NOT_FOUND', `${file} is another file by now.`, { subject: { file } });
    },
  });
  const scale = Math.min(1, longestSide / Math.max(picture.width, picture.height));
  const size = (side: number) => Math.max(1, Math.round(side * scale));
  const small = scale < 1 ? await resizePicture(picture, size(picture.width), size(picture.height)) : picture;
  const bytes = await encodeImage({ ...small, format: 'webp' }, { format: 'webp', quality: webpQuality });
  await writeFileAtomic(target, bytes, privateMode);
  return { width: small.width, height: small.height };
}
