/**
 * How a model takes an image and gives one: layout, channels, type, range, and sizes that it insists on. Judged by what
 * the file says of its input and output, without running it; what cannot be served is refused here, with the reason.
 */

import { CycleboxError } from '../base/index.js';
import { metadataKeys } from './metadata-keys.js';
import type { OnnxOutline, ValueOutline } from './outline.js';

export const imageElements = ['float32', 'float16', 'float64', 'uint8'] as const;
export type ImageElement = (typeof imageElements)[number];

/** Of floats; whole numbers are bytes, 0..255. */
export const imageRanges = ['-1..1', '0..1', '0..255'] as const;
export type ImageRange = (typeof imageRanges)[number];

export const imageLayouts = ['nchw', 'nhwc'] as const;
/** `[n, c, h, w]` or `[n, h, w, c]` */
export type ImageLayout = (typeof imageLayouts)[number];

/** The input or the output: four axes, of which one is the channels. */
export interface ImageValue {
  readonly name: string;
  readonly element: ImageElement;
  readonly layout: ImageLayout;
  readonly channels: 1 | 3;
  readonly range: ImageRange;
}

/** What a model insists on; undefined where any will do. */
export interface FixedSizes {
  readonly batch: number | undefined;
  readonly height: number | undefined;
  readonly width: number | undefined;
}

export interface ImageInterface {
  readonly input: ImageValue;
  readonly output: ImageValue;
  readonly fixed: FixedSizes;
  /** How many times larger the sides of the output are; 1 but for networks that enlarge. */
  readonly scale: number;
}

/** Larger ones are no images, and would be filled with copies. */
const largestBatch = 64;
const longestSide = 16_384;
/** Of networks that enlarge. */
export const largestEnlargement = 16;

/** @throws MODEL_INVALID naming `file`, what it has and what is taken */
export function imageInterfaceOf(outline: OnnxOutline, file: string): ImageInterface {
  const judge = new Judge(outline, file);
  const [input, ...otherInputs] = outline.inputs;
  const [output, ...otherOutputs] = outline.outputs;
  if (!input || !output || otherInputs.length > 0 || otherOutputs.length > 0) throw judge.severalValues(outline);
  const taken = judge.value('input', input, undefined);
  const given = judge.value('output', output, taken);
  const shapes = [
    { ...input, ...taken },
    { ...output, ...given },
  ] as const;
  const scale = judge.scale(...shapes);
  return { input: taken, output: given, fixed: judge.fixedSizes(...shapes, scale), scale };
}

/** Whether it is `[n, 3, h, w]` in float32 from -1 to 1 both ways: what networks of cyclebox have. */
export function isPlain({ input, output }: ImageInterface): boolean {
  return [input, output].every(
    ({ element, layout, channels, range }) =>
      element === 'float32' && layout === 'nchw' && channels === 3 && range === '-1..1',
  );
}

/** What the file names under `key`, if it names anything. @throws MODEL_INVALID for what is not among `known` */
function namedOf<T extends string>(
  { metadata }: OnnxOutline,
  key: string,
  known: readonly T[],
  file: string,
): T | undefined {
  const named = metadata[key];
  const value = known.find(one => one === named);
  if (named === undefined || value !== undefined) return value;
  throw new CycleboxError('MODEL_INVALID', `${file} names "${named}" as ${key}; known are ${known.join(', ')}.`, {
    subject: { file },
  });
}

const channelAxis = { nchw: 1, nhwc: 3 } as const;

class Judge {
  readonly #file: string;
  readonly #ranges: Readonly<Record<'input' | 'output', ImageRange>>;
  readonly #layout: ImageLayout | undefined;
  readonly #scale: string | undefined;

  constructor(outline: OnnxOutline, file: string) {
    const input = namedOf(outline, metadataKeys.range, imageRanges, file) ?? '-1..1';
    this.#file = file;
    this.#ranges = { input, output: namedOf(outline, metadataKeys.outputRange, imageRanges, file) ?? input };
    this.#layout = namedOf(outline, metadataKeys.layout, imageLayouts, file);
    this.#scale = outline.metadata[metadataKeys.scale];
  }

  /** @param like what an output is taken for where the file does not say */
  value(role: 'input' | 'output', { name, element, shape }: ValueOutline, like: ImageValue | undefined): ImageValue {
    const type = this.#element(role, name, element);
    const axes = this.#axes(role, name, shape, like);
    return { name, element: type, ...axes, range: type === 'uint8' ? '0..255' : this.#ranges[role] };
  }

  /** What the file names, else what two fixed sizes say. @throws MODEL_INVALID for what is no enlargement */
  scale(input: ShapedValue, output: ShapedValue): number {
    const [taken, given] = [sizesOf(input), sizesOf(output)];
    const seen = given.height !== undefined && taken.height ? given.height / taken.height : 1;
    const scale = this.#scale === undefined ? seen : Number(this.#scale);
    if (Number.isInteger(scale) && scale >= 1 && scale <= largestEnlargement) return scale;
    if (this.#scale === undefined) throw this.#otherSize(input, output);
    throw this.#refused(`it names the scale "${this.#scale}"; it is a whole number from 1 to ${largestEnlargement}.`);
  }

  /** @throws MODEL_INVALID where a size is no image's, or another than that of the output */
  fixedSizes(input: ShapedValue, output: ShapedValue, scale: number): FixedSizes {
    const [taken, given] = [sizesOf(input), sizesOf(output)];
    const { batch = 1, height = 0, width = 0 } = taken;
    if (batch > largestBatch || Math.max(height, width) > longestSide) {
      throw this.#refused(
        `it takes ${formatShape(input.shape)}; at most ${largestBatch} images of ${longestSide} pixels a side are given to it at a time.`,
      );
    }
    const fits = (side: 'height' | 'width') => isSame(taken[side] && taken[side] * scale, given[side]);
    if (fits('height') && fits('width')) return taken;
    throw this.#otherSize(input, output);
  }

  #otherSize(input: ShapedValue, output: ShapedValue): CycleboxError {
    return this.#refused(
      `it makes ${formatShape(output.shape)} of ${formatShape(input.shape)}, and neither keeps the size nor enlarges it a ` +
        'whole number of times.',
    );
  }

  severalValues({ inputs, outputs }: OnnxOutline): CycleboxError {
    const names = (values: readonly ValueOutline[]) => values.map(({ name }) => name).join(', ') || 'none';
    return this.#refused(
      `it has the inputs ${names(inputs)} and the outputs ${names(outputs)}; an image-to-image network has one of each, ` +
        '"image" and "translated".',
    );
  }

  #element(role: string, name: string, element: string): ImageElement {
    // Neither is there in files that ONNX Runtime loads; where it is, the runtime says what is wrong.
    const known = imageElements.find(one => one === element) ?? (element === 'undefined' ? 'float32' : undefined);
    if (known) return known;
    throw this.#refused(
      `its ${role} ${name} holds ${element} values; an image is ${imageElements.slice(0, -1).join(', ')} or ${imageElements.at(-1)}. ` +
        'Export it with another type.',
    );
  }

  #axes(
    role: string,
    name: string,
    shape: ValueOutline['shape'],
    like: ImageValue | undefined,
  ): Pick<ImageValue, 'layout' | 'channels'> {
    const { layout = this.#layout ?? 'nchw', channels = 3 } = like ?? {};
    if (!shape) return { layout, channels };
    if (shape.length !== 4) throw this.#badShape(role, name, shape);
    const other = layout === 'nchw' ? 'nhwc' : 'nchw';
    for (const one of [layout, other] as const) {
      const count = shape[channelAxis[one]];
      if (count === 1 || count === 3) return { layout: one, channels: count };
    }
    if (typeof shape[channelAxis[layout]] !== 'number') return { layout, channels };
    throw this.#badShape(role, name, shape);
  }

  #badShape(role: string, name: string, shape: ValueOutline['shape']): CycleboxError {
    return this.#refused(
      `its ${role} ${name} is ${formatShape(shape)}; an image has four axes, [n, channels, height, width] or ` +
        '[n, height, width, channels], with 3 channels or 1.',
    );
  }

  #refused(why: string): CycleboxError {
    const file = this.#file;
    return new CycleboxError('MODEL_INVALID', `${file} is no image-to-image network: ${why}`, { subject: { file } });
  }
}

interface ShapedValue {
  readonly shape: ValueOutline['shape'];
  readonly layout: ImageValue['layout'];
}

function sizesOf({ shape, layout }: ShapedValue): FixedSizes {
  const [height, width] = layout === 'nchw' ? [2, 3] : [1, 2];
  return { batch: numberAt(shape, 0), height: numberAt(shape, height), width: numberAt(shape, width) };
}

/** What is open fits anything. */
function isSame(a: number | undefined, b: number | undefined): boolean {
  return a === undefined || b === undefined || a === b;
}

function numberAt(shape: ValueOutline['shape'], axis: number): number | undefined {
  const size = shape?.[axis];
  return typeof size === 'number' ? size : undefined;
}

function formatShape(shape: ValueOutline['shape']): string {
  return `[${(shape ?? []).map(size => size ?? '?').join(', ')}]`;
}
