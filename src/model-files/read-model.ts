/**
 * A model of any kind that is read, as an ONNX file: the one way in for `translate --model`, manifests and `models import`.
 * The sum is that of the files as they lie there, not of what is made of them. What the values of its images mean is not
 * judged here. What reads other kinds than ONNX is loaded with the first file of one: most people have none.
 */
import { inspectModelFile, readModelFile } from '../onnx/index.js';
import type { ForeignModel, ModelSums, ReadModelOptions } from './foreign-model.js';
import type { KnownNetwork } from './network-in-tensors.js';
import { recogniseModel } from './recognise-model.js';

const weightFiles = () => import('./read-weights.js');
const tensorFlowFiles = () => import('./read-tensorflow.js');

/** @throws CycleboxError MODEL_MISSING, MODEL_INVALID, WEIGHTS_UNREADABLE, WEIGHTS_UNSAFE, WEIGHTS_MISMATCH */
export async function readModel(path: string, options: ReadModelOptions = {}): Promise<ForeignModel> {
  const found = await recogniseModel(path);
  switch (found.kind) {
    case 'onnx':
      return { kind: 'onnx', network: undefined, ...(await readModelFile(path)) };
    case 'pytorch':
    case 'safetensors':
      return (await weightFiles()).readWeights(found.path, found.kind, options);
    case 'tensorflow-js':
      return (await tensorFlowFiles()).readTensorFlow(found.path);
    default:
      return found.kind satisfies never;
  }
}

/** @throws CycleboxError MODEL_MISSING, MODEL_INVALID */
export async function inspectModel(path: string): Promise<ModelSums> {
  const found = await recogniseModel(path);
  switch (found.kind) {
    case 'onnx':
      return { kind: 'onnx', ...(await inspectModelFile(path)) };
    case 'pytorch':
    case 'safetensors':
      return { kind: found.kind, ...(await (await weightFiles()).sumWeights(found.path)) };
    case 'tensorflow-js':
      return { kind: found.kind, ...(await (await tensorFlowFiles()).sumTensorFlow(found.path)) };
    default:
      return found.kind satisfies never;
  }
}

/** The tensors of a weight file's network, under their own names; undefined for other kinds of files. @throws as `readModel` */
export async function readNamedWeights(path: string, options: ReadModelOptions): Promise<KnownNetwork | undefined> {
  const { kind } = await recogniseModel(path);
  return kind === 'pytorch' || kind === 'safetensors'
    ? (await weightFiles()).readKnownNetwork(path, options)
    : undefined;
}
