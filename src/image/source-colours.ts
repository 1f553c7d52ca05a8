/**
 * Colours of a result in the space of its source. Networks see sRGB and give sRGB; what a source has beyond that, in Display P3 or
 * Adobe RGB, they neither see nor make. So a result is converted to the source's space, and where a network has left a
 * pixel as it was, that has its own colour again, to the last bit; the more it has changed it, the less of that comes back.
 */
import {
  type AnyPicture,
  isDeep,
  type PictureOf,
  type Samples,
  samplesLike,
  toEightBits,
  toSixteenBits,
  whiteOf,
} from '../picture/index.js';
import { isSrgb, type MatrixProfile, parseProfile } from './icc-profile.js';
import { ColourConversion } from './matrix-colours.js';

/** A change of so much of the range, in any channel, leaves nothing of what was beyond sRGB. */
const mostChange = 1 / 16;

/** Whether there is a space that results can be converted back to, other than sRGB. */
export function isConvertible(icc: Uint8Array | undefined): icc is Uint8Array {
  const profile = parseProfile(icc);
  return profile?.kind === 'colour' && !isSrgb(profile);
}

/** The way to sRGB and back, of whole pictures or of their rows; what it looks up is made once for each depth. */
export class SourceColours {
  readonly #icc: Uint8Array;
  readonly #profile: MatrixProfile;
  readonly #conversions = new Map<string, ColourConversion>();

  /** @param icc a profile that `isConvertible` */
  constructor(icc: Uint8Array) {
    this.#icc = icc;
    this.#profile = parseProfile(icc)!;
  }

  /** In sRGB, with what it was. @param own in the space of the profile */
  toSrgb<S extends Samples>(own: PictureOf<S>): PictureOf<S> {
    return { ...this.#into(own.rgb).picture(own), space: { icc: this.#icc, rgb: own.rgb } };
  }

  /** In the space of the profile. @param picture with what it was before it was translated, unless it has become larger */
  toSource<S extends Samples>(picture: PictureOf<S>): PictureOf<S> {
    const { rgb, space, width, height } = picture;
    const back = this.#outOf(rgb);
    if (space?.rgb.length !== rgb.length) return back.picture(picture);
    const source: AnyPicture = { width, height, rgb: space.rgb, format: picture.format };
    const own = (isDeep(picture) ? toSixteenBits(source) : toEightBits(source)).rgb as S;
    return { ...picture, rgb: restored(rgb, own, this.#into(own), back) };
  }

  #into(like: Samples): ColourConversion {
    return this.#made(`in ${whiteOf(like)}`, () => ColourConversion.toSrgb(this.#profile, like));
  }

  #outOf(like: Samples): ColourConversion {
    return this.#made(`out ${whiteOf(like)}`, () => ColourConversion.fromSrgb(this.#profile, like));
  }

  #made(key: string, make: () => ColourConversion): ColourConversion {
    const made = this.#conversions.get(key) ?? make();
    this.#conversions.set(key, made);
    return made;
  }
}

/** In the space of its source, or as it is where it has none of its own. */
export function toSource<S extends Samples>(picture: PictureOf<S>): PictureOf<S> {
  return picture.space ? new SourceColours(picture.space.icc).toSource(picture) : picture;
}

function restored<S extends Samples>(rgb: S, own: S, toSrgb: ColourConversion, back: ColourConversion): S {
  const result = samplesLike(rgb, rgb.length);
  const white = whiteOf(rgb);
  const shown = samplesLike(rgb, 3);
  const [one, was] = [new Float64Array(3), new Float64Array(3)];
  for (let at = 0; at < rgb.length; at += 3) {
    toSrgb.convert(own, at, one);
    let change = 0;
    for (let c = 0; c < 3; c++) {
      shown[c] = Math.round(one[c]!);
      change = Math.max(change, Math.abs(rgb[at + c]! - shown[c]!));
    }
    if (change === 0) {
      for (let c = 0; c < 3; c++) result[at + c] = own[at + c]!;
      continue;
    }
    const share = Math.max(0, 1 - change / (white * mostChange));
    back.convert(rgb, at, one);
    if (share > 0) back.convert(shown, 0, was);
    for (let c = 0; c < 3; c++) {
      const value = one[c]! + (share > 0 ? share * (own[at + c]! - was[c]!) : 0);
      result[at + c] = Math.round(Math.min(white, Math.max(0, value)));
    }
  }
  return result;
}
