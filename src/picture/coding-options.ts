/** How images are coded: what of it there is to choose, and for which formats. Codes nothing. */
import { CycleboxError } from '../base/index.js';
import type { ImageFormat } from './picture.js';

export const chromas = ['4:4:4', '4:2:0'] as const;
export const tiffCompressions = ['none', 'lzw', 'deflate'] as const;

/** Bits of each value: as many as the source has (8 or 16), or so many. */
export const depths = ['source', 8, 16] as const;
export type Depth = (typeof depths)[number];

/** What results' colours are of: sRGB, or what their sources' are. */
export const colours = ['srgb', 'source'] as const;
export type Colour = (typeof colours)[number];

/** What results are like: as their sources, where nothing is said. */
export interface OutputOptions extends CodingOptions {
  readonly format?: ImageFormat | undefined;
  readonly depth?: Depth | undefined;
  readonly colour?: Colour | undefined;
}

export interface CodingOptions {
  /** 1-100 for JPEG, WebP and AVIF; defaults 92, 90 and 70. PNG and TIFF are lossless. */
  readonly quality?: number | undefined;
  /** WebP and AVIF without loss. Default false. */
  readonly lossless?: boolean | undefined;
  /** Whether JPEG and AVIF keep all of the colours' detail, or a quarter of it. Default `4:4:4`. */
  readonly chroma?: (typeof chromas)[number] | undefined;
  /** PNG: effort, 0 (none) to 9, default 6. TIFF: the method, default `deflate`. */
  readonly compression?: number | (typeof tiffCompressions)[number] | undefined;
}

/** What is wrong, as the end of a sentence about the option. */
export interface CodingFault {
  readonly option: keyof CodingOptions;
  readonly message: string;
}

const formatsOf: Readonly<Record<Exclude<keyof CodingOptions, 'compression'>, readonly ImageFormat[]>> = {
  quality: ['jpeg', 'webp', 'avif'],
  lossless: ['webp', 'avif'],
  chroma: ['jpeg', 'avif'],
};

/** @param format undefined: that of each image, which takes what it has of the options */
export function codingFault(options: CodingOptions, format: ImageFormat | undefined): CodingFault | undefined {
  const { quality, compression } = options;
  if (quality !== undefined && !isWhole(quality, 1, 100))
    return { option: 'quality', message: `must be a whole number from 1 to 100; it is ${quality}` };
  if (typeof compression === 'number' && !isWhole(compression, 0, 9))
    return { option: 'compression', message: `must be a whole number from 0 to 9; it is ${compression}` };
  if (format === undefined) return undefined;
  for (const option of ['quality', 'lossless', 'chroma'] as const)
    if (options[option] !== undefined && !formatsOf[option].includes(format))
      return { option, message: `is for ${formatsOf[option].join(', ')}; the format is ${format}` };
  return compression === undefined ? undefined : compressionFault(compression, format);
}

function compressionFault(compression: number | string, format: ImageFormat): CodingFault | undefined {
  const option = 'compression';
  if (format === 'png' && typeof compression === 'string')
    return { option, message: `must be a number from 0 to 9 for png; it is "${compression}"` };
  if (format === 'tiff' && typeof compression === 'number')
    return { option, message: `must be one of ${tiffCompressions.join(', ')} for tiff; it is ${compression}` };
  if (format === 'png' || format === 'tiff') return undefined;
  return { option, message: `is for png and tiff; the format is ${format}` };
}

function isWhole(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}

/** Formats whose values may have 16 bits. */
export const deepFormats: ReadonlySet<ImageFormat> = new Set(['png', 'tiff']);

/** Also of what goes with the format. */
export function outputFault(options: OutputOptions): { readonly option: string; readonly message: string } | undefined {
  const { format, depth } = options;
  const fault = codingFault(options, format);
  if (fault || depth !== 16 || format === undefined || deepFormats.has(format)) return fault;
  return { option: 'depth', message: `of 16 bits is for png and tiff; the format is ${format}` };
}

/**
 * `first` where it says something, else `second`: the coding of `second` counts only for its own format, or what both share.
 */
export function mergedOutput(first: OutputOptions, second: OutputOptions): OutputOptions {
  const { format: _, ...rest } = first;
  const own = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  const format = first.format ?? second.format;
  const isOther = first.format !== undefined && first.format !== second.format;
  const { depth, colour } = second;
  const base = isOther ? { depth, colour } : second;
  const merged: OutputOptions = { ...base, ...own, ...(format && { format }) };
  return merged.depth === 16 && format && !deepFormats.has(format) ? { ...merged, depth: 'source' } : merged;
}

/** @throws CycleboxError USAGE */
export function requireCoding(options: CodingOptions, format: ImageFormat | undefined): void {
  const fault = codingFault(options, format);
  if (fault) throw new CycleboxError('USAGE', `The ${fault.option} ${fault.message}.`);
}
