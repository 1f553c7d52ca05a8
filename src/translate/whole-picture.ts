/**
 * A picture that goes through a network in one piece: its values become a tensor, the network runs, and the result becomes values
 * again. Only the run in the middle needs the network, so that the two others go on beside the run of another picture.
 * Values are those that one tile makes (`translatePicture`), bit for bit.
 */
import { throwIfAborted } from '../base/index.js';
import {
  type AnyPicture,
  type PictureOf,
  type Samples,
  samplesLike,
  toByteScale,
  toSample,
  whiteOf,
} from '../image/index.js';
import { filled, regionsToTensor, sidesFor, type UnitTensor } from './tensor-pixels.js';
import { type Network, notANumber, type Planes, runTensor, withPixels } from './translate-picture.js';

/** Of more pixels, no tensor is made before its turn, nor kept after it: it has four times the memory of its picture. */
const mostPixelsAhead = 4_000_000;

export function mayGoAhead({ width, height }: Pick<AnyPicture, 'width' | 'height'>): boolean {
  return width * height <= mostPixelsAhead;
}

/** What a network is shown: the same for all that a model is loaded as. */
export function showWhole({ rule, fixed }: Pick<Network, 'rule' | 'fixed'>, picture: AnyPicture): UnitTensor {
  const whole = { x: 0, y: 0, width: picture.width, height: picture.height };
  return regionsToTensor(picture, filled([whole], fixed.batch), sidesFor(picture, rule, fixed));
}

/** @returns what is left to do. @throws as `translatePicture`; the rest throws ENGINE_FAILED for results that are no numbers */
export async function runWhole<S extends Samples>(
  network: Network,
  { picture, shown }: { readonly picture: PictureOf<S>; readonly shown: UnitTensor },
  signal: AbortSignal | undefined,
): Promise<() => Promise<PictureOf<S>>> {
  const cancelled = 'The translation was cancelled.';
  throwIfAborted(signal, cancelled);
  const planes = await runTensor(network, shown);
  return () => {
    throwIfAborted(signal, cancelled);
    const [width, height] = [picture.width * network.scale, picture.height * network.scale];
    const rgb = samplesLike(picture.rgb, width * height * 3);
    const store = rgb instanceof Uint8Array ? storeBytes : storeSamples;
    store(planes, rgb, width, network.name);
    return withPixels(picture, { width, height, rgb });
  };
}

/** Rounded to the nearest value; what was continued beyond the edges is left out. Tiles are blended in float32, and so is what needs none. */
function storeSamples({ data, rowLength, plane }: Planes, rgb: Samples, width: number, name: string): void {
  const white = whiteOf(rgb);
  const store = (value: number): number => {
    if (Number.isNaN(value)) throw notANumber(name);
    return toSample(Math.fround(toByteScale(value)), white);
  };
  for (let to = 0, row = 0; to < rgb.length; row += rowLength) {
    for (let at = row; at < row + width; at++, to += 3) {
      rgb[to] = store(data[at]!);
      rgb[to + 1] = store(data[at + plane]!);
      rgb[to + 2] = store(data[at + 2 * plane]!);
    }
  }
}

/** The same values in half of the time, which on a graphics card is as long as the network takes. */
function storeBytes({ data, rowLength, plane }: Planes, rgb: Samples, width: number, name: string): void {
  for (let to = 0, row = 0; to < rgb.length; row += rowLength) {
    for (let at = row; at < row + width; at++, to += 3) {
      const red = Math.fround(toByteScale(data[at]!));
      const green = Math.fround(toByteScale(data[at + plane]!));
      const blue = Math.fround(toByteScale(data[at + 2 * plane]!));
      if (Number.isNaN(red) || Number.isNaN(green) || Number.isNaN(blue)) throw notANumber(name);
      rgb[to] = red > 0 ? (red < 255 ? red + 0.5 : 255) : 0;
      rgb[to + 1] = green > 0 ? (green < 255 ? green + 0.5 : 255) : 0;
      rgb[to + 2] = blue > 0 ? (blue < 255 ? blue + 0.5 : 255) : 0;
    }
  }
}
