/** What is said to the process that re-encodes pictures for pages: a file and where it lies, and bytes of WebP come back. */
import type { ProtocolName } from '../../process/index.js';

export const pictureProtocol: ProtocolName = { name: 'pictures', version: 1 };

export interface PictureRequest {
  /** Absolute. A link is refused. */
  readonly file: string;
  /** What the file must be, as `identify` says it; another is refused. */
  readonly identity?: string | undefined;
  /** Neither side is longer, in pixels. */
  readonly longestSide: number;
  /** Where the WebP is written. */
  readonly target: string;
}

export interface PictureApi {
  /** @throws FILE_NOT_FOUND when the file is another by now, IMAGE_CORRUPT, … as `decodeImage` does */
  encode(request: PictureRequest): { readonly width: number; readonly height: number };
}
