/** A model file that says more of itself: the same bytes but for its free-text metadata. */
import { create } from '@bufbuild/protobuf';
import { encodeModel } from './encode-model.js';
import { StringStringEntryProtoSchema } from './generated/index.js';
import { parseModel } from './model-file.js';

/** What is there already under a key is replaced. @throws MODEL_INVALID naming `file` */
export function withMetadata(bytes: Uint8Array, metadata: Readonly<Record<string, string>>, file: string): Uint8Array {
  const entries = Object.entries(metadata);
  if (entries.length === 0) return bytes;
  const model = parseModel(bytes, file);
  const kept = model.metadataProps.filter(({ key }) => !Object.hasOwn(metadata, key));
  model.metadataProps = [
    ...kept,
    ...entries.map(([key, value]) => create(StringStringEntryProtoSchema, { key, value })),
  ];
  return encodeModel(model);
}
