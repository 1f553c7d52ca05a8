/**
 * When, where and with what a picture was taken, out of its EXIF fields (CIPA DC-008-2019): words and numbers for code that decides
 * by them. What a file does not say, or says wrongly, is absent; nothing is guessed.
 */
import type { PictureMetadata, TiffField } from './picture-metadata.js';

export interface CaptureFacts {
  /** As the camera's clock had it: `2024-12-24T18:30:00`, without a time zone. */
  readonly takenAt?: string;
  /** Degrees, north and east positive. */
  readonly latitude?: number;
  readonly longitude?: number;
  readonly make?: string;
  readonly model?: string;
}

const tags = { make: 271, model: 272, changedAt: 306, takenAt: 36_867, digitisedAt: 36_868 } as const;
const gpsTags = { latitudeSide: 1, latitude: 2, longitudeSide: 3, longitude: 4 } as const;

const ascii = 2;
const rational = 5;

export function captureFactsOf({ main, exif, gps }: Pick<PictureMetadata, 'main' | 'exif' | 'gps'>): CaptureFacts {
  const takenAt =
    timeOf(textOf(exif, tags.takenAt)) ??
    timeOf(textOf(exif, tags.digitisedAt)) ??
    timeOf(textOf(main, tags.changedAt));
  const latitude = degreesOf(gps, gpsTags.latitude, gpsTags.latitudeSide, 'S', 90);
  const longitude = degreesOf(gps, gpsTags.longitude, gpsTags.longitudeSide, 'W', 180);
  const make = textOf(main, tags.make);
  const model = textOf(main, tags.model);
  return {
    ...(takenAt !== undefined && { takenAt }),
    ...(latitude !== undefined && longitude !== undefined && { latitude, longitude }),
    ...(make !== undefined && { make }),
    ...(model !== undefined && { model }),
  };
}

function textOf(fields: readonly TiffField[], tag: number): string | undefined {
  const field = fields.find(one => one.tag === tag && one.type === ascii);
  const text = field?.data.toString('utf8').replace(/\0.*$/s, '').trim();
  return text === undefined || text === '' ? undefined : text;
}

/** EXIF's `2024:12:24 18:30:00`. Cameras whose clock was never set write zeros. */
function timeOf(text: string | undefined): string | undefined {
  const [, year, month, day, time] = /^(\d{4})[:-](\d{2})[:-](\d{2})[ T](\d{2}:\d{2}:\d{2})/.exec(text ?? '') ?? [];
  const iso = `${year}-${month}-${day}T${time}`;
  return year === undefined || Number.isNaN(Date.parse(iso)) ? undefined : iso;
}

/** Degrees, minutes and seconds, each a fraction of two 32-bit numbers, little-endian. */
function degreesOf(
  fields: readonly TiffField[],
  tag: number,
  sideTag: number,
  negativeSide: string,
  most: number,
): number | undefined {
  const field = fields.find(one => one.tag === tag && one.type === rational && one.count === 3);
  const side = textOf(fields, sideTag)?.toUpperCase();
  if (!field || field.data.length < 24 || side === undefined) return undefined;
  const part = (index: number) => field.data.readUInt32LE(8 * index) / field.data.readUInt32LE(8 * index + 4);
  // Minutes and seconds may be left out as 0/0.
  const degrees = part(0) + (part(1) || 0) / 60 + (part(2) || 0) / 3600;
  if (!(degrees <= most)) return undefined;
  return side.startsWith(negativeSide) ? -degrees : degrees;
}
