/**
 * Judges from a TIFF's directories whether its pixels will be decoded as they are meant: libvips decodes some kinds of TIFF to
 * the wrong picture without a word, others to a thumbnail. An allow-list: what is not known to come out right is refused by
 * what it is. Decodes nothing.
 *
 * Numbers of tags and values: TIFF 6.0 (Adobe, 1992), TIFF/EP (ISO 12234-2), DNG 1.7.
 */
import type { ByteSource } from './byte-source.js';
import { ordinal } from './ordinal.js';
import { readTiff, type TiffDirectory, type TiffFile } from './tiff-directory.js';
import { rawKind } from './tiff-raw.js';
import { compressionNames, photometrics, sampleTypes, tiffTags as tag } from './tiff-tags.js';

export type TiffContent =
  /** Its directories cannot be read. */
  | { readonly kind: 'unreadable' }
  | { readonly kind: 'raw'; readonly name: string }
  /** @property what goes on after `is`: `a TIFF of 32-bit floating-point numbers` */
  | { readonly kind: 'unsupported'; readonly what: string; readonly remedy: string }
  | ReadableTiff;

export interface ReadableTiff {
  readonly kind: 'image';
  /** Of the directories in their chain, the one to decode. */
  readonly page: number;
  readonly directory: TiffDirectory;
  readonly bands: TiffBands;
  /** Codecs that only warn when pixels are missing. */
  readonly warnsOfDamage: boolean;
  readonly notes: readonly string[];
}

/** Which of the bands after the colours is the opacity, if one is. */
export interface TiffBands {
  readonly colours: number;
  readonly extra: number;
  /** Counted among the extra bands. */
  readonly alpha: number | undefined;
}

export async function judgeTiff(source: ByteSource): Promise<TiffContent> {
  const tiff = await readTiff(source);
  if (!tiff) return { kind: 'unreadable' };
  const raw = await rawKind(tiff, source);
  if (raw !== undefined) return { kind: 'raw', name: raw };
  const page = mainPage(tiff);
  const directory = tiff.directories[page]!;
  if (directory.isCutOff) return { kind: 'unreadable' };
  const fault = faultOf(directory);
  if (fault) return { kind: 'unsupported', ...fault };
  const bands = bandsOf(directory);
  if (!bands) return { kind: 'unsupported', ...unnamedBands(directory) };
  const compression = directory.number(tag.compression) ?? 1;
  const notes = bandNotes(bands);
  return { kind: 'image', page, directory, bands, warnsOfDamage: [2, 3, 4, 7].includes(compression), notes };
}

/** The first image that is not a smaller copy, nor the mask, of another one. */
function mainPage({ directories }: TiffFile): number {
  const kinds = directories.map(directory => directory.number(tag.newSubfileType) ?? 0);
  return Math.max(
    0,
    kinds.findIndex(kind => (kind & 0b101) === 0),
  );
}

interface Fault {
  readonly what: string;
  readonly remedy: string;
}

const asPlain = 'Convert it to a TIFF or PNG of 8 or 16 bits in RGB or grey.';

function faultOf(directory: TiffDirectory): Fault | undefined {
  return compressionFault(directory) ?? sampleFault(directory) ?? colourFault(directory) ?? layoutFault(directory);
}

/** What libtiff inside sharp decodes. */
const readableCompressions: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 7, 8, 32_773, 32_946, 50_001]);

function compressionFault(directory: TiffDirectory): Fault | undefined {
  const compression = directory.number(tag.compression) ?? 1;
  if (readableCompressions.has(compression)) return undefined;
  const name = compressionNames[compression] ?? `number ${compression}`;
  const remedy = 'Save it with another compression, such as LZW or deflate, or with none.';
  return { what: `a TIFF compressed with ${name}, which cyclebox does not decode`, remedy };
}

function sampleFault(directory: TiffDirectory): Fault | undefined {
  const bits = unique(directory.numbers(tag.bitsPerSample), 1);
  const formats = unique(directory.numbers(tag.sampleFormat), 1);
  const samples = directory.number(tag.samplesPerPixel) ?? 1;
  const isInteger = formats.length === 1 && (formats[0] === 1 || formats[0] === 4);
  const isSmall = samples === 1 && bits.length === 1 && [1, 2, 4].includes(bits[0]!);
  if (isInteger && bits.length === 1 && (isSmall || bits[0] === 8 || bits[0] === 16)) return undefined;
  const types = formats.map(format => sampleTypes[format] ?? `values of type ${format}`).join(' and ');
  const what = `a TIFF of ${bits.join('- and ')}-bit ${types}, whose black and white cyclebox does not know`;
  return { what, remedy: `Scale it to 8 or 16 bits (gdal_translate -ot Byte -scale, or an image editor).` };
}

const readablePhotometrics: ReadonlySet<number> = new Set([0, 1, 2, 3, 5, 6]);

function colourFault(directory: TiffDirectory): Fault | undefined {
  const photometric = directory.number(tag.photometric) ?? 1;
  const isJpeg = directory.number(tag.compression) === 7;
  const known = photometrics[photometric] ?? `colour model ${photometric}`;
  if (!readablePhotometrics.has(photometric))
    return { what: `a TIFF in ${known}, which cyclebox does not decode`, remedy: asPlain };
  if (photometric === 6 && !isJpeg)
    return { what: `a TIFF in ${known} without JPEG compression, which cyclebox does not decode`, remedy: asPlain };
  if (photometric === 5 && (directory.number(tag.inkSet) ?? 1) !== 1)
    return { what: 'a TIFF of inks other than CMYK', remedy: asPlain };
  return undefined;
}

function layoutFault(directory: TiffDirectory): Fault | undefined {
  const isSeparate = directory.number(tag.planarConfiguration) === 2;
  if (!isSeparate || !directory.has(tag.tileWidth) || (directory.number(tag.samplesPerPixel) ?? 1) === 1)
    return undefined;
  const what = 'a TIFF in tiles whose bands lie apart (planar), which cyclebox does not decode';
  return { what, remedy: 'Save it with its bands side by side (gdal_translate -co INTERLEAVE=PIXEL).' };
}

const coloursOf: Readonly<Record<number, number>> = { 0: 1, 1: 1, 2: 3, 3: 1, 5: 4, 6: 3 };

/** Undefined where it cannot be told which bands are the colours. */
function bandsOf(directory: TiffDirectory): TiffBands | undefined {
  const samples = directory.number(tag.samplesPerPixel) ?? 1;
  const colours = coloursOf[directory.number(tag.photometric) ?? 1]!;
  const extra = samples - colours;
  if (extra < 0 || (colours === 1 && extra > 1)) return undefined;
  // 1: associated, which the decoder takes apart where it is the only one; 2: not associated.
  const kinds = directory.numbers(tag.extraSamples);
  const alpha = kinds.findIndex(kind => kind === 2 || (kind === 1 && extra === 1));
  return { colours, extra, alpha: alpha < 0 || alpha >= extra ? undefined : alpha };
}

function unnamedBands(directory: TiffDirectory): Fault {
  const samples = directory.number(tag.samplesPerPixel) ?? 1;
  const what = `a TIFF of ${samples} bands that does not say which of them are red, green and blue`;
  return { what, remedy: 'Choose three (gdal_translate -b 1 -b 2 -b 3 -co PHOTOMETRIC=RGB).' };
}

function bandNotes({ colours, extra, alpha }: TiffBands): readonly string[] {
  const left = Array.from({ length: extra }, (_, i) => i).filter(i => i !== alpha);
  if (left.length === 0) return [];
  const named = left.map(i => ordinal(colours + i + 1)).join(', ');
  return [`its ${named} band${left.length > 1 ? 's are' : ' is'} neither colour nor transparency and left out`];
}

function unique(values: readonly number[], otherwise: number): readonly number[] {
  return values.length === 0 ? [otherwise] : [...new Set(values)];
}
