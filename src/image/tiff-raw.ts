/**
 * Whether a TIFF is a camera's raw file, and which: DNG, NEF, CR2, ARW, PEF, SRW, 3FR, IIQ and their like are TIFFs whose
 * first image is often a thumbnail. Looks at what is in the directories, not at the name. A photo that a camera or a raw
 * converter saved as an ordinary TIFF is none, whoever made it.
 */
import type { ByteSource } from './byte-source.js';
import type { TiffDirectory, TiffFile } from './tiff-directory.js';
import { tiffTags as tag } from './tiff-tags.js';

/** Samples behind a colour filter, and linear ones before white balance: PhotometricInterpretation. */
const rawPhotometrics: ReadonlySet<number> = new Set([32_803, 34_892]);

/** Nikon, Sony, Samsung, Pentax, Kodak: compressions that only raw data has. */
const rawCompressions: ReadonlySet<number> = new Set([32_767, 32_769, 32_770, 32_772, 34_713, 34_892, 65_000, 65_535]);

/** What a maker's raw files are called. */
const makers: readonly (readonly [RegExp, string])[] = [
  [/^canon/i, 'CR2'],
  [/^nikon/i, 'NEF'],
  [/^sony/i, 'ARW'],
  [/^(pentax|ricoh|asahi)/i, 'PEF'],
  [/^samsung/i, 'SRW'],
  [/^(hasselblad|imacon)/i, '3FR'],
  [/^phase ?one/i, 'IIQ'],
  [/^leaf/i, 'MOS'],
  [/^mamiya/i, 'MEF'],
  [/^(seiko )?epson/i, 'ERF'],
  [/^(eastman )?kodak/i, 'DCR'],
  [/^olympus/i, 'ORF'],
  [/^panasonic/i, 'RW2'],
];

/** The usual extension of such files, or undefined for an ordinary TIFF. */
export async function rawKind(tiff: TiffFile, source: ByteSource): Promise<string | undefined> {
  const all = await withSubDirectories(tiff);
  if (all.some(directory => directory.has(tag.dngVersion))) return 'DNG';
  const mark = Buffer.from(await source.read(8, 8)).toString('latin1');
  if (mark.startsWith('CR\x02\0')) return 'CR2';
  if (/^(IIII.waR|MMMMRaw)/s.test(mark)) return 'IIQ';
  if (all.some(directory => directory.has(tag.leafData))) return 'MOS';
  if (!all.some(isRawImage) && !isThumbnailOfHidden(tiff)) return undefined;
  const make = all.map(directory => directory.text(tag.make)).find(text => text !== '') ?? '';
  return makers.find(([pattern]) => pattern.test(make))?.[1] ?? (make === '' ? 'TIFF/EP' : make);
}

async function withSubDirectories(tiff: TiffFile): Promise<readonly TiffDirectory[]> {
  const below = await Promise.all(tiff.directories.map(directory => tiff.below(directory, tag.subDirectories)));
  return [...tiff.directories, ...below.flat()];
}

function isRawImage(directory: TiffDirectory): boolean {
  const photometric = directory.number(tag.photometric);
  const compression = directory.number(tag.compression);
  return rawPhotometrics.has(photometric ?? -1) || rawCompressions.has(compression ?? -1);
}

/** Every image of the chain is a smaller copy, and what it is a copy of lies below. */
function isThumbnailOfHidden({ directories }: TiffFile): boolean {
  const isCopy = (directory: TiffDirectory) => ((directory.number(tag.newSubfileType) ?? 0) & 1) === 1;
  return directories.every(isCopy) && directories.some(directory => directory.has(tag.subDirectories));
}
