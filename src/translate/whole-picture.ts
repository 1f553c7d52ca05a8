/**
 * A picture that goes through a network in one piece: its values become a tensor, the network runs, and the result becomes values
 * again. Only the run in the middle needs the network, so that the two others go on beside the run of another picture.
 * Values are those that one tile makes (`translatePicture`), bit for bit. Where a device takes bytes, there is nothing to do but the run.
 */
import { throwIfAborted } from '../base/index.js';
import {
  type AnyPicture,
  type PictureOf,
  type Samples,
  samplesLike,
  toByte,
  toByteScale,
  toSample,
  whiteOf,
} from '../image/index.js';
import { continuedBytes, croppedBytes, filled, regionsToTensor, sidesFor, type UnitTensor } from './tensor-pixels.js';
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

/** Whether the picture's bytes go to the device as they are. */
export function takesBytes({ program, rule, fixed }: Network, picture: AnyPicture): boolean {
  const { width, height } = sidesFor(picture, rule, fixed);
  const isOne = fixed.batch === undefined || fixed.batch === 1;
  return program.runPixels !== undefined && picture.rgb instanceof Uint8Array && isOne && (width * height) % 4 === 0;
}

interface Whole<S extends Samples> {
  readonly picture: PictureOf<S>;
  /** What was made of it beforehand (`showWhole`). */
  readonly shown: UnitTensor | undefined;
}

const cancelled = 'The translation was cancelled.';

/** @returns what is left to do. @throws as `translatePicture`; the rest throws ENGINE_FAILED for results that are no numbers */
export async function runWhole<S extends Samples>(
  network: Network,
  { picture, shown }: Whole<S>,
  signal: AbortSignal | undefined,
): Promise<() => Promise<PictureOf<S>>> {
  throwIfAborted(signal, cancelled);
  const finish = !shown && takesBytes(network, picture) ? await runBytes(network, picture, signal) : undefined;
  if (finish) return finish;
  const planes = await runTensor(network, shown ?? showWhole(network, picture));
  return () => {
    throwIfAborted(signal, cancelled);
    const [width, height] = [picture.width * network.scale, picture.height * network.scale];
    const rgb = samplesLike(picture.rgb, width * height * 3);
    const store = rgb instanceof Uint8Array ? storeBytes : storeSamples;
    store(planes, rgb, width, network.name);
    return withPixels(picture, { width, height, rgb });
  };
}

/** Undefined for a result of another size than the network's should be. */
async function runBytes<S extends Samples>(
  { program, rule, fixed, scale, name }: Network,
  picture: PictureOf<S>,
  signal: AbortSignal | undefined,
): Promise<(() => Promise<PictureOf<S>>) | undefined> {
  const sides = sidesFor(picture, rule, fixed);
  const { width, height, rgb } = picture as PictureOf<Uint8Array>;
  const result = await program.runPixels!(continuedBytes({ width, height, rgb }, sides));
  if (result?.width !== sides.width * scale || result.height !== sides.height * scale) return undefined;
  if (result.hasNaN) throw notANumber(name);
  return () => {
    throwIfAborted(signal, cancelled);
    const own = { width: width * scale, height: height * scale };
    return withPixels(picture, { ...own, rgb: croppedBytes(result, own) as S });
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
      rgb[to] = toByte(red);
      rgb[to + 1] = toByte(green);
      rgb[to + 2] = toByte(blue);
    }
  }
}
