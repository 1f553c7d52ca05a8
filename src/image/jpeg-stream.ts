/**
 * The markers of a JPEG file: which process it was made by, whether its end is there, and a copy without the oddities that
 * cameras and phones write and every decoder forgives. The decoder can then be strict: whatever it still warns of is about
 * pixels. No pixels are decoded here, and the coded data is never changed.
 *
 * ITU-T T.81, Annex B; what libjpeg warns of: `JWRN_*` in its jerror.h.
 */

export interface JpegStream {
  /** What goes on after `is`, where no decoder here can read it: `a lossless JPEG`. */
  readonly unsupported: string | undefined;
  readonly hasEnd: boolean;
  /** The same image as the decoder should have it; the very bytes where there is nothing odd. */
  readonly bytes: Uint8Array;
}

const startOfScan = 0xda;
const endOfImage = 0xd9;

interface Segment {
  readonly marker: number;
  /** Of the 0xff before the marker. */
  readonly at: number;
  readonly end: number;
  /** After the coded data that follows a scan's header; for others, the same as `end`. */
  readonly dataEnd: number;
}

interface Frame {
  /** The marker: which process. */
  readonly process: number;
  /** Of a sample. */
  readonly bits: number;
  readonly components: number;
}

/** @param bytes that begin with a start-of-image marker */
export function readJpegStream(bytes: Uint8Array): JpegStream {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const segments = segmentsOf(buffer);
  const frame = frameOf(buffer, segments);
  const hasEnd = segments.at(-1)?.marker === endOfImage;
  const unsupported = frame && unsupportedProcess(frame);
  return { unsupported, hasEnd, bytes: hasEnd && frame ? withoutOddities(buffer, segments, frame) : bytes };
}

/** In their order, up to the end of the image or of what can be read. */
function segmentsOf(bytes: Buffer): readonly Segment[] {
  const segments: Segment[] = [];
  let segment = nextSegment(bytes, 2);
  while (segment) {
    segments.push(segment);
    segment = segment.marker === endOfImage ? undefined : nextSegment(bytes, segment.dataEnd);
  }
  return segments;
}

function withoutOddities(bytes: Buffer, segments: readonly Segment[], frame: Frame): Uint8Array {
  const parts: Uint8Array[] = [bytes.subarray(0, 2)];
  let [at, isOdd] = [2, false];
  for (const segment of segments) {
    const mended = mend(bytes, segment, frame);
    if (mended || segment.at > at) isOdd = true;
    parts.push(mended ?? bytes.subarray(segment.at, segment.end), bytes.subarray(segment.end, segment.dataEnd));
    at = segment.dataEnd;
  }
  return isOdd ? Buffer.concat(parts) : bytes;
}

/** The next marker from `at` on: decoders pass over whatever stands before it. Undefined where the file ends first. */
function nextSegment(bytes: Buffer, at: number): Segment | undefined {
  let marker = bytes.indexOf(0xff, at);
  while (marker >= 0 && (bytes[marker + 1] === 0xff || bytes[marker + 1] === 0))
    marker = bytes.indexOf(0xff, marker + 1);
  const code = marker < 0 ? undefined : bytes[marker + 1];
  if (code === undefined) return undefined;
  if (code === endOfImage || code === 0x01 || (code >= 0xd0 && code <= 0xd8))
    return { marker: code, at: marker, end: marker + 2, dataEnd: marker + 2 };
  if (marker + 4 > bytes.length) return undefined;
  const end = marker + 2 + bytes.readUInt16BE(marker + 2);
  if (end > bytes.length) return undefined;
  return { marker: code, at: marker, end, dataEnd: code === startOfScan ? endOfScan(bytes, end) : end };
}

/** Coded data goes on until a marker that is neither a stuffed zero nor a restart. */
function endOfScan(bytes: Buffer, from: number): number {
  for (let at = bytes.indexOf(0xff, from); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    const code = bytes[at + 1];
    if (code === undefined) break;
    if (code !== 0 && code !== 0xff && !(code >= 0xd0 && code <= 0xd7)) return at;
  }
  return bytes.length;
}

const isFrame = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;

function frameOf(bytes: Buffer, segments: readonly Segment[]): Frame | undefined {
  const segment = segments.find(({ marker, at, end }) => isFrame(marker) && end - at >= 10);
  if (!segment) return undefined;
  const { marker: process, at } = segment;
  return { process, bits: bytes[at + 4]!, components: bytes[at + 9]! };
}

const processes: Readonly<Record<number, string>> = {
  195: 'a lossless JPEG',
  197: 'a hierarchical JPEG',
  198: 'a hierarchical JPEG',
  199: 'a hierarchical JPEG',
  203: 'a lossless JPEG',
  205: 'a hierarchical JPEG',
  206: 'a hierarchical JPEG',
  207: 'a hierarchical JPEG',
};

function unsupportedProcess({ process, bits }: Frame): string | undefined {
  return processes[process] ?? (bits === 8 ? undefined : `a JPEG of ${bits} bits a sample`);
}

/** The segment as it should be, where it is one of those that are known to be odd; undefined where it is as it should be. */
function mend(bytes: Buffer, segment: Segment, frame: Frame): Uint8Array | undefined {
  switch (segment.marker) {
    case startOfScan:
      return mendScan(bytes, segment, frame);
    case 0xe0:
      return mendJfif(bytes, segment);
    case 0xee:
      return mendAdobe(bytes, segment, frame);
    default:
      return undefined;
  }
}

/** A sequential JPEG has one choice of coefficients (all of them) and of bits; some phones write zeros. */
function mendScan(bytes: Buffer, { at, end }: Segment, { process }: Frame): Uint8Array | undefined {
  const isSequential = process === 0xc0 || process === 0xc1 || process === 0xc9;
  const choice = Buffer.from([0, 63, 0]);
  if (!isSequential || end - at < 8 || bytes.subarray(end - 3, end).equals(choice)) return undefined;
  return Buffer.concat([bytes.subarray(at, end - 3), choice]);
}

/** A version that decoders do not know, of a header whose fields have not changed since 1.00. */
function mendJfif(bytes: Buffer, { at, end }: Segment): Uint8Array | undefined {
  if (bytes.toString('latin1', at + 4, at + 9) !== 'JFIF\0' || end - at < 16 || bytes[at + 9] === 1) return undefined;
  const mended = Buffer.from(bytes.subarray(at, end));
  mended[9] = 1;
  return mended;
}

/** Unknown colour transforms: decoders take them for the usual one, which is 1 (three colours) or 2 (four). */
function mendAdobe(bytes: Buffer, { at, end }: Segment, { components }: Frame): Uint8Array | undefined {
  const usual = components === 4 ? 2 : 1;
  const transform = bytes[at + 15];
  const isAdobe = bytes.toString('latin1', at + 4, at + 9) === 'Adobe' && end - at >= 16;
  if (!isAdobe || transform === 0 || transform === usual) return undefined;
  const mended = Buffer.from(bytes.subarray(at, end));
  mended[15] = usual;
  return mended;
}
