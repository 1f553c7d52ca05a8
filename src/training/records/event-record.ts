/**
 * Events as TensorBoard reads them: messages of tensorflow/core/util/event.proto and summary.proto, each framed as a
 * TFRecord (tensorflow/core/lib/io/record_writer.h). Only the few fields that are needed, encoded by hand; pure bytes,
 * no files.
 */
import { maskedCrc32c } from './crc32c.js';

export interface EventTime {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  /** Steps done. */
  readonly step: number;
}

export interface EventImage {
  readonly width: number;
  readonly height: number;
  /** A whole PNG file of three channels. */
  readonly png: Uint8Array;
}

/** Protobuf's ways of writing a value. */
const wire = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;
/** SessionLog.SessionStatus.START */
const sessionStart = 1;
/** Summary.Image.colorspace: 3 is RGB. */
const rgb = 3;

/** The first record of every file. */
export function versionRecord(atMs: number): Uint8Array {
  return record([wallTime(atMs), text(3, 'brain.Event:2')]);
}

/** Says that the run starts here: what files before this one hold for this step and later ones is void. */
export function sessionRecord(time: EventTime): Uint8Array {
  return record([...head(time), message(7, [integer(1, sessionStart)])]);
}

/** Values by tag, each a point of a curve. */
export function scalarRecord(time: EventTime, scalars: Readonly<Record<string, number>>): Uint8Array {
  const values = Object.entries(scalars).map(([tag, value]) => message(1, [text(1, tag), float(2, value)]));
  return record([...head(time), message(5, values)]);
}

export function imageRecord(time: EventTime, tag: string, { width, height, png }: EventImage): Uint8Array {
  const image = [integer(1, height), integer(2, width), integer(3, rgb), bytes(4, png)];
  return record([...head(time), message(5, [message(1, [text(1, tag), message(4, image)])])]);
}

function head({ atMs, step }: EventTime): readonly Uint8Array[] {
  return [wallTime(atMs), integer(2, step)];
}

/** length (8 bytes), its masked CRC, the content, its masked CRC; all little-endian. */
function record(fields: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(fields);
  const framed = Buffer.alloc(content.length + 16);
  framed.writeBigUInt64LE(BigInt(content.length));
  framed.writeUInt32LE(maskedCrc32c(framed.subarray(0, 8)), 8);
  framed.set(content, 12);
  framed.writeUInt32LE(maskedCrc32c(content), 12 + content.length);
  return framed;
}

function wallTime(atMs: number): Uint8Array {
  const value = Buffer.alloc(8);
  value.writeDoubleLE(atMs / 1000);
  return Buffer.concat([key(1, wire.fixed64), value]);
}

function float(field: number, value: number): Uint8Array {
  const encoded = Buffer.alloc(4);
  encoded.writeFloatLE(value);
  return Buffer.concat([key(field, wire.fixed32), encoded]);
}

const message = (field: number, fields: readonly Uint8Array[]): Uint8Array => bytes(field, Buffer.concat(fields));
const text = (field: number, value: string): Uint8Array => bytes(field, Buffer.from(value));
const integer = (field: number, value: number): Uint8Array => Buffer.concat([key(field, wire.varint), varint(value)]);
const key = (field: number, type: number): Uint8Array => varint(field * 8 + type);

function bytes(field: number, value: Uint8Array): Uint8Array {
  return Buffer.concat([key(field, wire.bytes), varint(value.length), value]);
}

/** A whole number from 0 to 2⁵³, seven bits a byte, lowest first. */
function varint(value: number): Uint8Array {
  const encoded: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) encoded.push((rest % 128) + 128);
  return Uint8Array.of(...encoded, rest);
}
