/**
 * Reads what an image's file says besides its pixels, as far as it still holds of a translation: when, where, with what and by whom
 * it was taken, how large it is on paper, where it lies on the earth. Not what is about the file that it was (orientation,
 * thumbnail, maker's notes, colour profile): what of that there was is named in notes.
 */
import type { Metadata } from 'sharp';
import type { PictureMetadata, TiffField } from '../picture/index.js';
import { bytesAsSource } from './byte-source.js';
import type { ReadingPlan } from './reading-plan.js';
import { littleEndianField } from './tiff-block.js';
import { readTiff, type TiffDirectory, type TiffFile } from './tiff-directory.js';
import { tiffTags as tag } from './tiff-tags.js';
import { cleanXmp } from './xmp.js';

export interface ReadMetadata {
  readonly metadata: PictureMetadata | undefined;
  /** What does not hold any more. */
  readonly notes: readonly string[];
}

/** Description, camera, resolution, software, date, artist, copyright, and what Windows writes for the same. */
const describing: ReadonlySet<number> = new Set([
  ...[269, 270, 271, 272, 305, 306, 315, 316, 33_432, 40_091, 40_092, 40_093, 40_094, 40_095],
]);

/** Maker's notes, colour space, size in pixels, and the directory of interoperability: about the file that it was. */
const outdated: ReadonlySet<number> = new Set([37_500, 40_961, 40_962, 40_963, 40_965]);

/** ModelPixelScale, ModelTiepoint, ModelTransformation, the three of GeoKeys, rational polynomials. */
const geographic: ReadonlySet<number> = new Set([33_550, 33_922, 34_264, 34_735, 34_736, 34_737, 50_844]);

export async function readMetadata(plan: ReadingPlan, header: Metadata): Promise<ReadMetadata> {
  const block = plan.tiff ? { file: undefined, main: plan.tiff.directory } : await exifBlock(header.exif);
  const file = plan.tiff ? await readTiff(plan.container) : block?.file;
  const main = block?.main;
  const exif = await below(file, main, tag.exif);
  const isTurned = (header.orientation ?? 1) > 1;
  const geo = plan.tiff && !isTurned ? fieldsOf(plan.tiff.directory, number => geographic.has(number)) : [];
  const { xmp, notes: xmpNotes } = cleanXmp(header.xmpAsString);
  const metadata: PictureMetadata = {
    main: main ? fieldsOf(main, number => describing.has(number)).filter(field => !describesData(field)) : [],
    exif: exif ? fieldsOf(exif, number => !outdated.has(number)) : [],
    gps: fieldsOf(await below(file, main, tag.gps), () => true),
    geo,
    size: { width: header.width, height: header.height },
    xmp,
    density: densityOf(header),
  };
  const hasLostGeo = isTurned && [...geographic].some(number => plan.tiff?.directory.has(number));
  const notes = [
    ...xmpNotes,
    ...leftOut(file, exif, header, plan),
    ...(hasLostGeo ? ['its place on the earth (GeoTIFF) was left out, since it was turned upright'] : []),
  ];
  return { metadata: isEmpty(metadata) ? undefined : metadata, notes };
}

async function exifBlock(exif: Buffer | undefined): Promise<{ file: TiffFile; main: TiffDirectory } | undefined> {
  if (!exif) return undefined;
  const prefix = exif.toString('latin1', 0, 6) === 'Exif\0\0' ? 6 : 0;
  const file = await readTiff(bytesAsSource(exif.subarray(prefix)));
  return file && { file, main: file.directories[0]! };
}

async function below(file: TiffFile | undefined, main: TiffDirectory | undefined, pointer: number) {
  return file && main ? (await file.below(main, pointer))[0] : undefined;
}

function fieldsOf(directory: TiffDirectory | undefined, isWanted: (tag: number) => boolean): readonly TiffField[] {
  if (!directory) return [];
  const wanted = [...directory.fields.values()].filter(field => isWanted(field.tag));
  return wanted.flatMap(field => littleEndianField(field, directory) ?? []);
}

/** Programs for microscopes and arrays write the layout of their data into the description: it is another one now. */
function describesData({ tag: number, data }: TiffField): boolean {
  return number === 270 && /^(ImageJ=|\{"shape"|shape=|<\?xml|<OME)/.test(data.toString('latin1', 0, 12));
}

/** 72 is what decoders say where a file says nothing. */
function densityOf({ density }: Metadata): number | undefined {
  return density !== undefined && density > 0 && density !== 72 ? density : undefined;
}

function leftOut(
  file: TiffFile | undefined,
  exif: TiffDirectory | undefined,
  header: Metadata,
  { tiff }: ReadingPlan,
): readonly string[] {
  const isThumbnailed = !tiff && (file?.directories.length ?? 0) > 1;
  const texts = (header.comments ?? []).map(({ keyword }) => keyword).filter(keyword => keyword !== '');
  const parts = [
    ...(exif?.has(37_500) ? ["its maker's notes"] : []),
    ...(isThumbnailed ? ['its thumbnail'] : []),
    ...(header.iptc ? ['its IPTC data'] : []),
    ...(texts.length > 0 ? [`its texts (${texts.join(', ').slice(0, 80)})`] : []),
  ];
  return parts.length === 0
    ? []
    : [`${parts.join(', ')} ${parts.length > 1 || !isThumbnailed ? 'were' : 'was'} left out`];
}

function isEmpty({ main, exif, gps, geo, xmp, density }: PictureMetadata): boolean {
  return main.length + exif.length + gps.length + geo.length === 0 && xmp === undefined && density === undefined;
}
