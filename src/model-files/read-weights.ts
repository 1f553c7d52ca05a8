/**
 * A file of weights, PyTorch's or safetensors, as an ONNX file: by the architecture that it names, a description of its layers, or what its
 * tensors are called and shaped like.
 */
import { createHash } from 'node:crypto';
import { basename, dirname, extname, join } from 'node:path';
import { CycleboxError } from '../base/index.js';
import { parseArchitecture, readWeightFile, readWeightTensors } from '../nets/index.js';
import { metadataKeys, outlineOfBytes } from '../onnx/index.js';
import { type DescribedNetwork, readDescription } from './described-network.js';
import type { FileSums, ForeignModel, ReadModelOptions } from './foreign-model.js';
import { type KnownNetwork, networkIn } from './network-in-tensors.js';
import type { ModelKind } from './recognise-model.js';
import { weightsToOnnx } from './weights-to-onnx.js';

/** @throws CycleboxError WEIGHTS_UNREADABLE, WEIGHTS_UNSAFE, WEIGHTS_MISMATCH, MODEL_INVALID */
export async function readWeights(path: string, kind: ModelKind, options: ReadModelOptions): Promise<ForeignModel> {
  const { known, content, description } = await readKnown(path, options);
  const { bytes, network } = weightsToOnnx(known, path);
  return { kind, network, bytes, outline: outlineOfBytes(bytes, path), ...sumOf(content, description) };
}

/** Its description's text counts, too. @throws CycleboxError MODEL_MISSING, MODEL_INVALID */
export async function sumWeights(path: string): Promise<FileSums> {
  return sumOf(await readWeightFile(path), await descriptionOf(path, {}));
}

/** The network's tensors under their own names. @throws as `readWeights` */
export async function readKnownNetwork(path: string, options: ReadModelOptions): Promise<KnownNetwork> {
  return (await readKnown(path, options)).known;
}

async function readKnown(path: string, options: ReadModelOptions) {
  const content = await readWeightFile(path);
  const description = await descriptionOf(path, options);
  const { tensors, metadata } = readWeightTensors(content, path, { several: true });
  const named = metadata[metadataKeys.architecture];
  const spec = named === undefined ? undefined : parseArchitecture(named, path);
  const known = networkIn(tensors, { name: options.network, description: description?.network, spec }, path);
  return { known, content, description };
}

interface FoundDescription {
  readonly network: DescribedNetwork;
  readonly text: string;
}

/** The one that is named, else the one that lies beside the file. */
async function descriptionOf(path: string, { architecture }: ReadModelOptions): Promise<FoundDescription | undefined> {
  const beside = join(dirname(path), `${basename(path, extname(path))}.architecture.json`);
  try {
    const network = await readDescription(architecture ?? beside);
    return { network, text: JSON.stringify(network) };
  } catch (error) {
    const isMissing = error instanceof CycleboxError && error.code === 'FILE_NOT_FOUND';
    if (architecture === undefined && isMissing) return undefined;
    throw error;
  }
}

/** With what describes it: another description makes another model of the same weights. */
function sumOf(bytes: Uint8Array, description: FoundDescription | undefined): FileSums {
  const hash = createHash('sha256').update(bytes);
  if (description) hash.update(description.text);
  return { sha256: hash.digest('hex'), sizeBytes: bytes.length };
}
