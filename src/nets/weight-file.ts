/**
 * Weights of one network in a file: read from safetensors or PyTorch files, written as safetensors. What a file holds
 * is found out from its content, never from its name: from the architecture that our own files name, else from keys and shapes.
 */
import { CycleboxError } from '../base/index.js';
import { sizeOf } from '../graph/index.js';
import { metadataKeys } from '../onnx/index.js';
import { checkWeights, detectNetwork } from './detect.js';
import { parametersOf } from './parameters.js';
import { isPyTorchFile, type PyTorchOptions, readPyTorch } from './pytorch/index.js';
import { readWeightFile } from './read-weight-file.js';
import { parseArchitecture } from './recorded-architecture.js';
import { isSafetensorsFile, readSafetensors, type SafetensorsFile, writeSafetensorsFile } from './safetensors.js';
import type { NetworkSpec } from './spec.js';
import { cleanStateDict } from './state-dict.js';
import type { WeightTensor, WeightTensors } from './weight-tensor.js';

export interface LoadedWeights {
  readonly spec: NetworkSpec;
  /** Every parameter of the network by its PyTorch key, in state_dict order; biases that cancel included. */
  readonly tensors: Record<string, WeightTensor>;
}

/**
 * Reads weights and recognises their network.
 * @param expected when given, the file must hold this network.
 * @throws FILE_NOT_FOUND, FILE_UNREADABLE, WEIGHTS_UNREADABLE, WEIGHTS_UNSAFE, WEIGHTS_MISMATCH
 */
export async function loadWeights(path: string, expected?: NetworkSpec): Promise<LoadedWeights> {
  const { tensors: stored, metadata } = readWeightTensors(await readWeightFile(path), path);
  const tensors = cleanStateDict(stored, path);
  const named = metadata[metadataKeys.architecture];
  const known = expected ?? (named === undefined ? undefined : parseArchitecture(named, path));
  if (known) checkWeights(known, tensors, path);
  const spec = known ?? detectNetwork(tensors, path);
  return { spec, tensors: completeWeights(spec, tensors) };
}

/**
 * Writes weights as safetensors, whole or not at all; equal weights give equal bytes. Biases that cancel may be left
 * out and are written as zeros, which PyTorch's loader wants to see.
 * @throws WEIGHTS_MISMATCH, WRITE_FAILED
 */
export async function saveWeights(path: string, spec: NetworkSpec, tensors: WeightTensors): Promise<void> {
  checkWeights(spec, tensors, path);
  await writeSafetensorsFile(path, completeWeights(spec, tensors), {
    [metadataKeys.architecture]: JSON.stringify(spec),
  });
}

/**
 * The tensors of a file as it names them, of whatever networks.
 * @param options `several`: dictionaries of several networks are taken, each under its name and a dot
 * @throws WEIGHTS_UNREADABLE, WEIGHTS_UNSAFE
 */
export function readWeightTensors(bytes: Uint8Array, file: string, options: PyTorchOptions = {}): SafetensorsFile {
  if (isSafetensorsFile(bytes)) return readSafetensors(bytes, { file });
  if (isPyTorchFile(bytes)) return { tensors: readPyTorch(bytes, file, options), metadata: {} };
  throw new CycleboxError('WEIGHTS_UNREADABLE', `${file} is neither a safetensors nor a PyTorch weight file.`, {
    subject: { file },
  });
}

/** Every parameter of the network; biases that cancel and are not there are zeros. */
export function completeWeights(spec: NetworkSpec, tensors: WeightTensors): Record<string, WeightTensor> {
  return Object.fromEntries(
    parametersOf(spec).map(({ key, shape }) => [
      key,
      Object.hasOwn(tensors, key) ? tensors[key]! : { shape, data: new Float32Array(sizeOf(shape)) },
    ]),
  );
}
