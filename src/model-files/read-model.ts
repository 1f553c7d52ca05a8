/**
 * A model of any kind that is read, as an ONNX file: the one way in for `translate --model`, manifests and `models import`.
 * The sum is that of the files as they lie there, not of what is made of them. What the values of its images mean is not
 * judged here.
 */
import { createHash } from 'node:crypto';
import { basename, dirname, extname, join } from 'node:path';
import { CycleboxError } from '../base/index.js';
import { parseArchitecture, readWeightFile, readWeightTensors } from '../nets/index.js';
import { inspectModelFile, metadataKeys, type OnnxOutline, outlineOfBytes, readModelFile } from '../onnx/index.js';
import { type DescribedNetwork, readDescription } from './described-network.js';
import { type KnownNetwork, networkIn } from './network-in-tensors.js';
import { type ModelKind, recogniseModel } from './recognise-model.js';
import { graphModelToOnnx, layersModelToOnnx, readTensorFlowFiles } from './tensorflow-js/index.js';
import { weightsToOnnx } from './weights-to-onnx.js';

export interface ReadModelOptions {
  /** Of several networks in a weight file: `G_A`. */
  readonly network?: string | undefined;
  /** A description of the layers; default: `NAME.architecture.json` beside the file, where it is. */
  readonly architecture?: string | undefined;
}

export interface ForeignModel {
  readonly kind: ModelKind;
  /** The network in a line, for people; undefined for ONNX files, which do not say. */
  readonly network: string | undefined;
  /** An ONNX file, whole. */
  readonly bytes: Uint8Array;
  readonly outline: OnnxOutline;
  /** Of the source's files, in lower-case hex. */
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** What a file's sums are, without making anything of it. */
export type ModelSums = Pick<ForeignModel, 'kind' | 'sha256' | 'sizeBytes'> & {
  /** Of ONNX files. */
  readonly outline?: OnnxOutline;
};

/** @throws CycleboxError MODEL_MISSING, MODEL_INVALID, WEIGHTS_UNREADABLE, WEIGHTS_UNSAFE, WEIGHTS_MISMATCH */
export async function readModel(path: string, options: ReadModelOptions = {}): Promise<ForeignModel> {
  const found = await recogniseModel(path);
  switch (found.kind) {
    case 'onnx':
      return { kind: 'onnx', network: undefined, ...(await readModelFile(path)) };
    case 'pytorch':
    case 'safetensors':
      return readWeights(found.path, found.kind, options);
    case 'tensorflow-js':
      return readTensorFlow(found.path);
    default:
      return found.kind satisfies never;
  }
}

/** @throws CycleboxError MODEL_MISSING, MODEL_INVALID */
export async function inspectModel(path: string): Promise<ModelSums> {
  const found = await recogniseModel(path);
  if (found.kind === 'onnx') return { kind: 'onnx', ...(await inspectModelFile(path)) };
  if (found.kind === 'tensorflow-js') {
    const { sha256, sizeBytes } = await readTensorFlowFiles(found.path);
    return { kind: found.kind, sha256, sizeBytes };
  }
  const bytes = await readWeightFile(found.path);
  const description = await descriptionOf(found.path, {});
  return { kind: found.kind, ...sumOf(bytes, description) };
}

async function readTensorFlow(path: string): Promise<ForeignModel> {
  const files = await readTensorFlowFiles(path);
  const { format, sha256, sizeBytes } = files;
  const model = format === 'graph' ? graphModelToOnnx(files, path) : layersModelToOnnx(files, path);
  const bytes = model.encode({});
  const network = `${format === 'graph' ? 'GraphModel' : 'LayersModel'}, ${model.inputChannels} → ${model.outputChannels} channels`;
  return { kind: 'tensorflow-js', network, bytes, outline: outlineOfBytes(bytes, path), sha256, sizeBytes };
}

async function readWeights(path: string, kind: ModelKind, options: ReadModelOptions): Promise<ForeignModel> {
  const { known, content, description } = await readKnown(path, options);
  const { bytes, network } = weightsToOnnx(known, path);
  return { kind, network, bytes, outline: outlineOfBytes(bytes, path), ...sumOf(content, description) };
}

/** The tensors of a weight file's network, under their own names; undefined for other kinds of files. @throws as `readModel` */
export async function readNamedWeights(path: string, options: ReadModelOptions): Promise<KnownNetwork | undefined> {
  const { kind } = await recogniseModel(path);
  return kind === 'pytorch' || kind === 'safetensors' ? (await readKnown(path, options)).known : undefined;
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
function sumOf(
  bytes: Uint8Array,
  description: FoundDescription | undefined,
): Pick<ForeignModel, 'sha256' | 'sizeBytes'> {
  const hash = createHash('sha256').update(bytes);
  if (description) hash.update(description.text);
  return { sha256: hash.digest('hex'), sizeBytes: bytes.length };
}
