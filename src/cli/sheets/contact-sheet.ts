/**
 * A contact sheet: images beside their translations, two pairs to a row, names below, as one PNG for a person to look
 * at. Names are drawn by the system's fonts; on a machine that has none the sheet comes without them.
 */
import sharp, { type OverlayOptions } from 'sharp';
import { drawCaption } from './caption.js';

export interface ContactSheetEntry {
  readonly caption: string;
  /** Paths of image files. */
  readonly before: string;
  readonly after: string;
}

const columns = 2;
const tile = 256;
const gap = 12;
const captionHeight = 22;
const cellWidth = 2 * tile + gap;
const cellHeight = tile + captionHeight;
const background = { r: 250, g: 250, b: 250 };

/** Writes the sheet to `path`. Images larger than a tile are made smaller, none is enlarged. */
export async function writeContactSheet(path: string, entries: readonly ContactSheetEntry[]): Promise<void> {
  const rows = Math.ceil(entries.length / columns);
  const width = Math.min(columns, entries.length) * (cellWidth + 2 * gap);
  const height = rows * (cellHeight + gap) + gap;
  const overlays = await Promise.all(entries.map(cell));
  await sharp({ create: { width, height, channels: 3, background } })
    .composite(overlays.flat())
    .png()
    .toFile(path);
}

async function cell(entry: ContactSheetEntry, index: number): Promise<OverlayOptions[]> {
  const left = gap + (index % columns) * (cellWidth + 2 * gap);
  const top = gap + Math.floor(index / columns) * (cellHeight + gap);
  const [before, after, caption] = await Promise.all([
    shrink(entry.before),
    shrink(entry.after),
    drawCaption(entry.caption, cellWidth, captionHeight - 8),
  ]);
  return [
    { input: before, left, top },
    { input: after, left: left + tile + gap, top },
    ...(caption ? [{ input: caption, left, top: top + tile + 4 }] : []),
  ];
}

function shrink(path: string): Promise<Buffer> {
  return sharp(path)
    .autoOrient()
    .resize({ width: tile, height: tile, fit: 'contain', position: 'bottom', background, withoutEnlargement: true })
    .png()
    .toBuffer();
}
