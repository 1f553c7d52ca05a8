/**
 * Fields of a protobuf message, found in its bytes without making objects of them: a model of a million nodes, or of
 * gigabytes of weights, is walked in a moment. It knows nothing of ONNX. Every field lies inside its message, or it throws.
 *
 * Encoding: https://protobuf.dev/programming-guides/encoding/.
 */

/** One field of a message. */
export interface WireField {
  readonly number: number;
  /** Of a varint, exact below 2^53; 0 for other kinds. */
  readonly value: number;
  /** Of a string, bytes or message; undefined for other kinds. A view, not a copy. */
  readonly content: Uint8Array | undefined;
  /** Where the field lies in the message, its tag included. */
  readonly start: number;
  readonly end: number;
}

/** @throws RangeError where the bytes are no message */
export function* wireFields(message: Uint8Array): Generator<WireField> {
  let at = 0;
  while (at < message.length) {
    const start = at;
    const tag = varint(message, at);
    const number = Math.floor(tag.value / 8);
    // Readers differ in what they make of larger ones: what one does not see, another may.
    if (number === 0 || tag.value >= 2 ** 32) throw new RangeError(`a field at byte ${start} has no valid number`);
    const body = fieldBody(message, tag.end, tag.value % 8);
    at = body.end;
    yield { number, start, ...body };
  }
}

function fieldBody(message: Uint8Array, at: number, wireType: number): Pick<WireField, 'value' | 'content' | 'end'> {
  switch (wireType) {
    case 0:
      return { ...varint(message, at), content: undefined };
    case 1:
      return { value: 0, content: undefined, end: inside(message, at + 8) };
    case 2: {
      const length = varint(message, at);
      const end = inside(message, length.end + length.value);
      return { value: 0, content: message.subarray(length.end, end), end };
    }
    case 5:
      return { value: 0, content: undefined, end: inside(message, at + 4) };
    default:
      throw new RangeError(`a field at byte ${at} has the unknown wire type ${wireType}`);
  }
}

function varint(message: Uint8Array, from: number): { readonly value: number; readonly end: number } {
  let value = 0;
  for (let at = from, scale = 1; at < from + 10; at++, scale *= 128) {
    const byte = message[at];
    if (byte === undefined) throw new RangeError('a number goes beyond the end');
    value += (byte & 127) * scale;
    if (byte < 128) return { value, end: at + 1 };
  }
  throw new RangeError(`a number at byte ${from} has more than 10 bytes`);
}

function inside(message: Uint8Array, end: number): number {
  if (end <= message.length) return end;
  throw new RangeError(`a field ends ${end - message.length} bytes beyond the end`);
}

/** A string, bytes or message field, encoded. */
export function encodeField(number: number, content: Uint8Array): Uint8Array {
  const head = [...encodeVarint(number * 8 + 2), ...encodeVarint(content.length)];
  const field = new Uint8Array(head.length + content.length);
  field.set(head);
  field.set(content, head.length);
  return field;
}

function encodeVarint(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) | 128);
  }
}
