/**
 * What results are like: what may stand for it in manifests and in routes of configurations, in one place. What it does to a
 * picture is `src/image`'s business.
 */
import { z } from 'zod';
import {
  chromas,
  colours,
  type Depth,
  depths,
  imageFormats,
  type NameWord,
  nameFault,
  nameWords,
  type OutputOptions,
  outputFault,
  tiffCompressions,
} from '../../picture/index.js';

const oneOf = (names: readonly (string | number)[]) =>
  `must be ${names
    .map(name => JSON.stringify(name))
    .join(', ')
    .replace(/, ([^,]*)$/, ' or $1')}`;

const formats = [...imageFormats, 'source'] as const;
const quality = 'must be a whole number from 1 to 100';
const compression = `${oneOf(tiffCompressions)} (TIFF), or a whole number from 0 to 9 (PNG)`;

/** The keys, each to be made optional by whoever takes them. */
export const outputFields = {
  format: z
    .enum(formats, { error: oneOf(formats) })
    .describe('The format of results. Default "source": that of each image.'),
  quality: z
    .int({ error: quality })
    .min(1, { error: quality })
    .max(100, { error: quality })
    .describe('Of JPEG (default 92), WebP (90) and AVIF (70).'),
  lossless: z.boolean().describe('WebP and AVIF without loss. Default false. PNG and TIFF always are.'),
  chroma: z
    .enum(chromas, { error: oneOf(chromas) })
    .describe('Whether JPEG and AVIF keep all detail of colours ("4:4:4", the default) or a quarter of it.'),
  compression: z
    .union([z.int().min(0).max(9), z.enum(tiffCompressions)], { error: compression })
    .describe('PNG: effort from 0 to 9 (default 6). TIFF: "none", "lzw" or "deflate" (the default).'),
  depth: z
    .union(depths.map(depth => z.literal(depth)) as [z.ZodLiteral<Depth>, ...z.ZodLiteral<Depth>[]], {
      error: oneOf(depths),
    })
    .describe('Bits of each value. Default "source": 16 where an image has them and PNG or TIFF is written, else 8.'),
  colour: z
    .enum(colours, { error: oneOf(colours) })
    .describe('Of which space the colours of results are: "srgb" (the default), or "source", that of each image.'),
} as const;

/** What is written in those keys. */
export interface WrittenOutput extends Omit<OutputOptions, 'format'> {
  readonly format?: OutputOptions['format'] | 'source' | undefined;
}

/** `source` says no more than nothing does. */
export function outputOptionsOf(written: WrittenOutput): OutputOptions {
  const { quality, lossless, chroma, compression, depth, colour } = written;
  const format = written.format === 'source' ? undefined : written.format;
  const all = { format, quality, lossless, chroma, compression, depth, colour };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** For `superRefine`: options that the format does not have. */
export function refineOutput(written: WrittenOutput, context: z.core.$RefinementCtx): void {
  const fault = outputFault(outputOptionsOf(written));
  if (fault) context.addIssue({ code: 'custom', path: [fault.option], message: fault.message });
}

const words = Object.keys(nameWords) as NameWord[];

/** A template of names: see `picture/name-template.ts`. */
export const nameTemplate = z
  .string()
  .min(1, 'must not be empty')
  .max(500, 'must have at most 500 characters')
  .superRefine((template, context) => {
    const fault = nameFault(template);
    if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
  })
  .describe(
    `What results are called, such as "{stem}-{to}{ext}"; with a slash, where they lie below the outbox. There are ${words
      .filter(word => word !== 'name')
      .map(word => `{${word}}`)
      .join(', ')}.`,
  );
