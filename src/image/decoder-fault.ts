/**
 * What it means that a decoder gave up: the image is damaged, it is of a kind that this decoder was not built for, or the
 * process has no memory or threads left, in which case no image is to blame. Before an image is condemned, the decoder has
 * to prove on a built-in one that it works.
 */
import sharp from 'sharp';
import { CycleboxError } from '../base/index.js';
import { corruptImage, unsupportedImage } from './refusal.js';

/** What libvips, libtiff and Node say when the process may have no more of something. */
const shortage =
  /out of memory|cannot allocate|memory allocation|unable to create thread|resource temporarily|EAGAIN|EMFILE|ENFILE|ENOMEM|too many open files/i;

/** What libvips' decoders say of what they were not made for. */
const notMade = /not (?:supported|implemented|configured|built|compiled)|unsupported|no known route|unimplemented/i;

/**
 * The decoder's error in the words of cyclebox: IMAGE_CORRUPT, IMAGE_UNSUPPORTED, or OUT_OF_MEMORY. Where not even the
 * built-in image can be decoded, its cause is called `ENOMEM`: then it is no single image's fault.
 */
export async function decoderFault(error: unknown, file: string): Promise<CycleboxError> {
  if (error instanceof CycleboxError) return error;
  const said = firstLine(error);
  const works = await decodes();
  if (!works || shortage.test(said)) return shortOfResources(file, said, works, error);
  if (notMade.test(said))
    return unsupportedImage(
      file,
      `an image of a kind that cyclebox does not decode (${said})`,
      'Save it as a plain JPEG, PNG or TIFF.',
      error,
    );
  return corruptImage(file, said, error);
}

function shortOfResources(file: string, said: string, works: boolean, error: unknown): CycleboxError {
  const message =
    `${file} could not be decoded, since this process can get no more memory or threads (${said}). ` +
    'Raise its limits (ulimit -v, ulimit -u, the memory of its container), or end what else runs.';
  const cause = works ? error : Object.assign(new Error(said, { cause: error }), { code: 'ENOMEM' });
  return new CycleboxError('OUT_OF_MEMORY', message, { subject: { file }, cause });
}

/** Grey, 8 × 8 pixels, JPEG. */
const provenImage = Buffer.from(
  '/9j/2wBDABALDA4MChAODQ4SERATGCgaGBYWGDEjJR0oOjM9PDkzODdASFxOQERXRTc4UG1RV19iZ2hnPk1xeXBkeFxlZ2P/wAALCAAIAAgBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAA//EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AJ//Z',
  'base64',
);

async function decodes(): Promise<boolean> {
  return sharp(provenImage)
    .raw()
    .toBuffer()
    .then(
      () => true,
      () => false,
    );
}

/** The first thing that the decoder said: libvips repeats itself over many lines, and begins with what it made of it. */
function firstLine(error: unknown): string {
  const lines = (error instanceof Error ? error.message : String(error)).split('\n').map(line => line.trim());
  const line = lines.find(one => one !== '' && !one.startsWith('Warning treated as error')) ?? 'the decoder gave up';
  return line.replace(/[.:]$/, '').slice(0, 160);
}
