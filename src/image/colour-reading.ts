/**
 * In which values the decoder is to give an image, and what is made of them: a picture of the depth and the colours that are asked
 * for. What is made is made pixel by pixel, of a whole picture or of rows of it, so that large images come out as others do.
 */
import type { Metadata } from 'sharp';
import {
  type AnyPicture,
  type Colour,
  type Depth,
  type Samples,
  toEightBits,
  toSixteenBits,
} from '../picture/index.js';
import { isProfile, isSrgb, parseProfile } from './icc-profile.js';
import { ColourConversion } from './matrix-colours.js';
import { isConvertible, SourceColours } from './source-colours.js';

export interface DecodeColours {
  readonly depth: Depth;
  /** `source`: the picture can be written in the space of its source (`space`). Default `srgb`. */
  readonly colour?: Colour | undefined;
}

export interface ColourReading {
  /** What the decoder gives is as deep. */
  readonly like: Samples;
  /** Colours stay those of the file's own space. */
  readonly ignoreIcc?: boolean;
  /** Before the decoder converts colours. */
  readonly toEightBits?: boolean;
  /** Of what it gives, the picture that is asked for: all of it, or some rows. */
  readonly finish: (decoded: AnyPicture) => AnyPicture;
  /** All bits of the file are taken. */
  readonly isTakenDeep: boolean;
}

type HowRead = Pick<ColourReading, 'like' | 'ignoreIcc' | 'toEightBits'>;

const eightBits: HowRead = { like: new Uint8Array() };
const eightBitsAsTheyAre: HowRead = { ...eightBits, ignoreIcc: true };
const eightBitsFirst: HowRead = { ...eightBits, toEightBits: true };
const sixteenBits: HowRead = { like: new Uint16Array(), ignoreIcc: true };

export function colourReading(metadata: Metadata, { depth, colour = 'srgb' }: DecodeColours): ColourReading {
  const keepsSource = colour === 'source' && isConvertible(metadata.icc) && isOfColours(metadata);
  const reading = keepsSource ? inSource(metadata, depth) : inSrgb(metadata, depth);
  return depth === 16 ? { ...reading, finish: picture => toSixteenBits(reading.finish(picture)) } : reading;
}

/** Red, green and blue. */
const isOfColours = ({ space }: Metadata): boolean => space === 'srgb' || space === 'rgb16';

const asItIs = (picture: AnyPicture): AnyPicture => picture;

function inSource(metadata: Metadata, depth: Depth): ColourReading {
  const isTakenDeep = depth !== 8 && hasSixteenBits(metadata);
  const colours = new SourceColours(metadata.icc!);
  const how = isTakenDeep ? sixteenBits : eightBitsAsTheyAre;
  return { ...how, finish: picture => colours.toSrgb(picture), isTakenDeep };
}

/**
 * Of 16 bits, libvips would convert colours to another space than sRGB, or those of grey not at all: what can be converted
 * here is; of the rest, it is given 8 bits to convert.
 */
function inSrgb(metadata: Metadata, depth: Depth): ColourReading {
  const shallow = (how: HowRead) => ({ ...how, finish: asItIs, isTakenDeep: false });
  if (!hasSixteenBits(metadata)) return shallow(eightBits);
  const profile = parseProfile(metadata.icc);
  const isOther = profile !== undefined && !isSrgb(profile);
  if (!profile && isProfile(metadata.icc)) return shallow(eightBitsFirst);
  if (depth === 8 && !isOther) return shallow(eightBitsAsTheyAre);
  const conversion = isOther ? ColourConversion.toSrgb(profile, sixteenBits.like) : undefined;
  const deep = (picture: AnyPicture) => (conversion ? conversion.picture(picture) : picture);
  const finish = depth === 8 ? (picture: AnyPicture) => toEightBits(deep(picture)) : deep;
  return { ...sixteenBits, finish, isTakenDeep: depth !== 8 };
}

/** Inks become 8 bits in any case. */
function hasSixteenBits({ depth, space }: Metadata): boolean {
  return depth === 'ushort' && (space === 'rgb16' || space === 'grey16');
}
