/**
 * Puts tensors that a model keeps in other files into the model, in its bytes. An engine that is handed bytes looks for
 * such files in the working directory, whatever lies there: after this there is nothing left to look for. It opens no
 * file; the caller brings their content.
 */
import { CycleboxError } from '../base/index.js';
import { innerMessages, type MessageKind } from './message-fields.js';
import { externalEntries } from './outline.js';
import { encodeField, wireFields } from './wire-fields.js';

/**
 * The model with all its tensors inside. `bytes` must have an outline.
 * @param contents of the files, by the locations of the outline
 * @throws MODEL_INVALID naming `file` when a tensor is said to lie where its file has no bytes
 */
export function embedExternalData(
  bytes: Uint8Array,
  contents: ReadonlyMap<string, Uint8Array>,
  file: string,
): Uint8Array {
  return joined(embedded('model', bytes, { contents, file }));
}

interface Sources {
  readonly contents: ReadonlyMap<string, Uint8Array>;
  readonly file: string;
}

/** The message in parts: what is left as it was is not copied before the end. */
function embedded(kind: MessageKind, message: Uint8Array, sources: Sources): readonly Uint8Array[] {
  if (kind === 'tensor') return embeddedTensor(message, sources);
  const parts: Uint8Array[] = [];
  for (const { number, content, start, end } of wireFields(message)) {
    const inner = innerMessages[kind][number];
    if (inner === undefined || !content) parts.push(message.subarray(start, end));
    else parts.push(encodeField(number, joined(embedded(inner, content, sources))));
  }
  return parts;
}

/** Fields of TensorProto: raw_data, external_data, data_location. */
const [rawData, externalData, dataLocation] = [9, 13, 14];

function embeddedTensor(message: Uint8Array, sources: Sources): readonly Uint8Array[] {
  const entries = externalEntries(message);
  if (!entries) return [message];
  const kept = [...wireFields(message)]
    .filter(({ number }) => number !== rawData && number !== externalData && number !== dataLocation)
    .map(({ start, end }) => message.subarray(start, end));
  return [...kept, encodeField(rawData, valuesOf(entries, sources))];
}

function valuesOf(entries: ReadonlyMap<string, string>, { contents, file }: Sources): Uint8Array {
  const location = entries.get('location') ?? '';
  const content = contents.get(location) ?? new Uint8Array();
  const offset = Number(entries.get('offset') ?? 0);
  const length = Number(entries.get('length') ?? content.length - offset);
  const lies = Number.isSafeInteger(offset) && offset >= 0 && Number.isSafeInteger(length) && length >= 0;
  if (lies && offset + length <= content.length) return content.subarray(offset, offset + length);
  throw new CycleboxError(
    'MODEL_INVALID',
    `${file} has weights at byte ${entries.get('offset') ?? 0} of ${location}, ${entries.get('length') ?? 'all'} bytes long, ` +
      `but that file has ${content.length} bytes. The two files do not belong together, or one is damaged: copy both again.`,
    { subject: { file } },
  );
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
