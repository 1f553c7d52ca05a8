/**
 * Element types of weight files and their way to float32. Bytes are little-endian, as both formats store them; so is
 * every machine that Node.js runs on, or nearly: the big-endian ones go through DataView like all others.
 */

export type ElementType = 'F64' | 'F32' | 'F16' | 'BF16' | 'I64' | 'I32' | 'I16' | 'I8' | 'U8' | 'BOOL';

interface ElementFormat {
  readonly bytes: number;
  /** Whether float32 holds every value of the type. */
  readonly exact: boolean;
  readonly read: (view: DataView, at: number) => number;
}

const formats: Record<ElementType, ElementFormat> = {
  F64: { bytes: 8, exact: false, read: (view, at) => view.getFloat64(at, true) },
  F32: { bytes: 4, exact: true, read: (view, at) => view.getFloat32(at, true) },
  F16: { bytes: 2, exact: true, read: (view, at) => float16ToNumber(view.getUint16(at, true)) },
  BF16: { bytes: 2, exact: true, read: (view, at) => bfloat16ToNumber(view.getUint16(at, true)) },
  I64: { bytes: 8, exact: false, read: (view, at) => Number(view.getBigInt64(at, true)) },
  I32: { bytes: 4, exact: false, read: (view, at) => view.getInt32(at, true) },
  I16: { bytes: 2, exact: true, read: (view, at) => view.getInt16(at, true) },
  I8: { bytes: 1, exact: true, read: (view, at) => view.getInt8(at) },
  U8: { bytes: 1, exact: true, read: (view, at) => view.getUint8(at) },
  BOOL: { bytes: 1, exact: true, read: (view, at) => view.getUint8(at) },
};

export function isElementType(value: unknown): value is ElementType {
  return typeof value === 'string' && Object.hasOwn(formats, value);
}

export function bytesOf(type: ElementType): number {
  return formats[type].bytes;
}

export function fitsFloat32(type: ElementType): boolean {
  return formats[type].exact;
}

/** Elements of `bytes` as float32, rounded where the type holds more. */
export function toFloat32(bytes: Uint8Array, type: ElementType): Float32Array {
  const { bytes: width, read } = formats[type];
  const values = new Float32Array(bytes.byteLength / width);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i < values.length; i++) values[i] = read(view, i * width);
  return values;
}

/** Reads the element at an index, counted in elements. */
export function elementReader(bytes: Uint8Array, type: ElementType): (index: number) => number {
  const { bytes: width, read } = formats[type];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return index => read(view, index * width);
}

export function toLittleEndian(values: Float32Array, target: DataView, at: number): void {
  for (let i = 0; i < values.length; i++) target.setFloat32(at + 4 * i, values[i]!, true);
}

/** IEEE 754 binary16. */
function float16ToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const scratch = new DataView(new ArrayBuffer(4));

/** bfloat16: the upper half of a binary32. */
function bfloat16ToNumber(bits: number): number {
  scratch.setUint32(0, bits * 2 ** 16);
  return scratch.getFloat32(0);
}
