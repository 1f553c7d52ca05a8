/**
 * One image that was decoded before its turn, for whoever asks for just that: the same file as it was seen, in the same depth and
 * colours. It is a guess: where it is wrong, failed or is too large, the image is decoded when it is asked for, as if nothing had been.
 */
import { isDeepStrictEqual } from 'node:util';
import type { FileContent } from '../base/index.js';
import { type AnyPicture, type DecodeColours, type DecodeLimits, decodeImage, inspectImage } from '../image/index.js';
import { type ExpectedFile, FileCheck } from './expected-file.js';

/** Larger ones would hold too much memory beside the one that is translated. */
const mostPixels = 24_000_000;

export interface AheadRequest {
  readonly source: string;
  readonly expected: ExpectedFile;
  /** What was decoded as one that may still grow was looked at more closely, and does for one that may not, too. */
  readonly mayGrow: boolean;
  readonly depth: DecodeColours['depth'];
  readonly colour?: DecodeColours['colour'];
}

/** What a `decode` asks for. */
export type AskedFor = { readonly [Key in keyof AheadRequest]: AheadRequest[Key] | undefined };

export interface DecodedAhead {
  readonly picture: AnyPicture;
  readonly content: FileContent;
}

export class DecodeAhead {
  #held: { readonly request: AheadRequest; readonly decoded: Promise<DecodedAhead | undefined> } | undefined;

  /** Forgets what was decoded before it. Ends when it has, however it did. */
  async start(request: AheadRequest, limits: DecodeLimits): Promise<void> {
    const decoded = decodedSmall(request, limits).catch(() => undefined);
    this.#held = { request, decoded };
    await decoded;
  }

  /** The image, if it is this one; once, and whatever else there is is forgotten. */
  async take(request: AskedFor): Promise<DecodedAhead | undefined> {
    const held = this.#held;
    this.#held = undefined;
    return held && isFor(held.request, request) ? await held.decoded : undefined;
  }

  clear(): void {
    this.#held = undefined;
  }
}

function isFor(known: AheadRequest, asked: AskedFor): boolean {
  const of = ({ source, expected, depth, colour = 'srgb' }: AskedFor) => [source, expected, depth, colour];
  return (known.mayGrow || !asked.mayGrow) && isDeepStrictEqual(of(known), of(asked));
}

async function decodedSmall(
  { source, expected, mayGrow, depth, colour }: AheadRequest,
  limits: DecodeLimits,
): Promise<DecodedAhead | undefined> {
  const check = new FileCheck(source, expected);
  const facts = await inspectImage(source, limits);
  if (facts.width * facts.height > mostPixels) return undefined;
  const { onOpened, onRead } = check;
  const picture = await decodeImage(source, { ...limits, mayGrow, depth, colour, onOpened, onRead });
  return { picture, content: check.content };
}
