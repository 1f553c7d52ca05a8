/** Bands as a decoder gives them, side by side, to colour and opacity apart; of a whole image, or of some of its rows. */
import { type AnyPicture, type Samples, samplesLike } from '../picture/index.js';
import type { ReadingPlan } from './reading-plan.js';
import { unsupportedImage } from './refusal.js';

export interface Bands {
  readonly data: Samples;
  readonly width: number;
  readonly height: number;
  /** Side by side, for each pixel. */
  readonly channels: number;
}

/**
 * Of grey, grey and alpha, colour, or colour and alpha; other bands are left out.
 * @throws CycleboxError IMAGE_UNSUPPORTED
 */
export function splitBands(
  { data, width, height, channels }: Bands,
  { format, tiff }: Pick<ReadingPlan, 'format' | 'tiff'>,
  file: string,
): AnyPicture {
  const pixels = width * height;
  const extra = tiff?.bands.extra ?? (channels % 2 === 0 ? 1 : 0);
  const colours = channels - extra;
  if ((colours !== 1 && colours !== 3) || data.length !== pixels * channels)
    throw unsupportedImage(file, `an image of ${channels} channels`, 'Convert it to grey or colour.');
  const alphaBand = tiff ? tiff.bands.alpha : extra === 1 ? 0 : undefined;
  const rgb = channels === 3 && colours === 3 ? data : interleavedColours(data, pixels, channels, colours);
  if (alphaBand === undefined) return { width, height, rgb, format };
  const alpha = samplesLike(data, pixels);
  for (let i = 0; i < pixels; i++) alpha[i] = data[i * channels + colours + alphaBand]!;
  return { width, height, rgb, alpha, format };
}

function interleavedColours(data: Samples, pixels: number, channels: number, colours: 1 | 3): Samples {
  const rgb = samplesLike(data, pixels * 3);
  for (let i = 0; i < pixels; i++)
    for (let c = 0; c < 3; c++) rgb[i * 3 + c] = data[i * channels + (colours === 3 ? c : 0)]!;
  return rgb;
}
