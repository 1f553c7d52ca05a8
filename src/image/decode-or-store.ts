/**
 * An image as it is best worked on: decoded into memory, or, where it is large, into a file of pixels. Whether it is large is told by
 * its header alone, and of the very file that was opened and checked.
 */
import type { RegularFile } from '../base/index.js';
import type { AnyPicture, ImageFormat } from '../picture/index.js';
import type { DecodeColours } from './colour-reading.js';
import {
  type DecodeLimits,
  decodeJudged,
  defaultMaxPixels,
  type JudgedImage,
  judgeImage,
  readBytes,
  readHeader,
  requireFormat,
} from './decode.js';
import { planReading } from './reading-plan.js';
import { withImageFile } from './source.js';
import { type StoredImage, storeJudged } from './stored-image.js';

/** Images with more are worked on in files: in memory, each would be 150 MB and more, several times over. */
export const largePixels = 50_000_000;

export interface StoreChoice {
  /** The file that holds the pixels of an image that is stored; it ends in `.v`. */
  readonly temporary: string;
  /** Images with more pixels are stored. Default `largePixels`. */
  readonly abovePixels?: number | undefined;
  /** Of files with more bytes not all is read before they are decoded. Default 256 MiB. */
  readonly heldBytes?: number | undefined;
}

type Limits = DecodeLimits & DecodeColours;

/** Larger files are not read whole before they are decoded: then neither what ends in zeros nor a cut end is looked for. */
const mostHeldBytes = 256 * 2 ** 20;

/** @throws CycleboxError as `decodeImage`, WRITE_FAILED */
export function decodeOrStore(path: string, limits: Limits, choice: StoreChoice): Promise<AnyPicture | StoredImage> {
  const { onOpened, metadata, depth, colour } = limits;
  const how = { temporary: choice.temporary, metadata, depth, colour };
  return withImageFile(
    path,
    async ({ start, file }) => {
      await onOpened?.(file);
      const format = await requireFormat(start, path);
      const vast =
        file.size > (choice.heldBytes ?? mostHeldBytes) ? await judgeVast(file, format, limits, path) : undefined;
      if (vast && isToBeStored(vast, choice)) {
        await tellBytes(file, limits);
        const stored = await storeJudged(vast, how, path);
        await checkAgain(path, limits, stored);
        return stored;
      }
      const judged = await judgeImage(await readBytes(file, limits, path), format, limits, path);
      return isToBeStored(judged, choice) ? storeJudged(judged, how, path) : decodeJudged(judged, limits, path);
    },
    { followLinks: onOpened === undefined },
  );
}

/** Of a file that is not read whole. */
async function judgeVast(file: RegularFile, format: ImageFormat, limits: Limits, path: string): Promise<JudgedImage> {
  const { maxPixels = defaultMaxPixels, onOpened } = limits;
  const plan = await planReading(onOpened ? file.openName : path, format, path, file);
  return { plan, header: await readHeader(plan, maxPixels, path), zeros: 0 };
}

const toldAtOnce = 4 * 2 ** 20;

async function tellBytes(file: RegularFile, { onRead }: Limits): Promise<void> {
  if (!onRead) return;
  for (let at = 0; at < file.size; at += toldAtOnce) onRead(await file.read(at, toldAtOnce));
}

/** Where native code can open a path only, another file may have stood there meanwhile. */
async function checkAgain(path: string, { onOpened }: Limits, stored: StoredImage): Promise<void> {
  if (!onOpened || process.platform === 'linux') return;
  try {
    await withImageFile(path, ({ file }) => onOpened(file), { followLinks: false });
  } catch (error) {
    await stored.dispose();
    throw error;
  }
}

function isToBeStored({ header }: JudgedImage, { abovePixels = largePixels }: StoreChoice): boolean {
  return header.width * header.height > abovePixels;
}
