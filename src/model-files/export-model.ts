/**
 * A model as files for other programs: ONNX, safetensors, a PyTorch state_dict, TensorFlow.js. Whatever is read can leave as
 * ONNX; the others need the weights' own names, which weight files have, and models of cyclebox. Nothing is written here.
 */
import { CycleboxError } from '../base/index.js';
import {
  checkWeights,
  completeWeights,
  describeNetwork,
  type GeneratorSpec,
  parseArchitecture,
  type WeightTensors,
  writePyTorch,
  writeSafetensors,
} from '../nets/index.js';
import { decodeOnnx, metadataKeys, quantiseModel, quantiseWeights, storeWeights, withMetadata } from '../onnx/index.js';
import { detectInterface } from './detect-interface.js';
import type { ForeignModel, ReadModelOptions } from './foreign-model.js';
import { calibrationPathOf, findCalibration } from './int8/index.js';
import type { KnownNetwork } from './network-in-tensors.js';
import { readModel, readNamedWeights } from './read-model.js';
import { generatorToGraph } from './tensorflow-js/index.js';

export const exportFormats = ['onnx', 'safetensors', 'pytorch', 'tensorflow-js'] as const;
export type ExportFormat = (typeof exportFormats)[number];

export const exportedStorages = ['float32', 'float16', 'int8'] as const;
export type ExportedStorage = (typeof exportedStorages)[number];

export const exportedPrecisions = ['float32', 'int8'] as const;
export type ExportedPrecision = (typeof exportedPrecisions)[number];

export interface ExportOptions extends ReadModelOptions {
  readonly format: ExportFormat;
  /** Of ONNX files; the others hold float32. */
  readonly storage: ExportedStorage;
  /** In what an ONNX file calculates its convolutions; int8 needs the calibration beside the model. Default `float32`. */
  readonly precision?: ExportedPrecision | undefined;
}

export interface ExportedFiles {
  /** One, but for TensorFlow.js, whose names go into a folder. */
  readonly files: readonly { readonly name: string; readonly content: Uint8Array }[];
  /** What whoever takes it should know: sentences. */
  readonly notes: readonly string[];
}

/** @throws CycleboxError as `readModel`; MODEL_INVALID where the format cannot hold the model; USAGE */
export async function exportModel(path: string, options: ExportOptions): Promise<ExportedFiles> {
  const { format, storage, precision = 'float32' } = options;
  if (precision === 'int8' && (format !== 'onnx' || storage !== 'float32'))
    throw new CycleboxError(
      'USAGE',
      'Calculating in int8 is for ONNX files, and says how kernels are stored, too: leave --weights out.',
    );
  if (format !== 'onnx' && storage !== 'float32')
    throw new CycleboxError(
      'USAGE',
      `Weights are stored as ${storage} in ONNX files only; ${format} files hold float32.`,
    );
  if (format === 'onnx') return onnxFile(path, options);
  const { tensors, spec } = await namedWeights(path, options);
  switch (format) {
    case 'safetensors': {
      const metadata: Record<string, string> = spec ? { [metadataKeys.architecture]: JSON.stringify(spec) } : {};
      return { files: [{ name: 'model.safetensors', content: writeSafetensors(tensors, metadata) }], notes: [] };
    }
    case 'pytorch':
      return { files: [{ name: 'model.pth', content: writePyTorch(tensors) }], notes: spec ? notesFor(spec) : [] };
    case 'tensorflow-js':
      return { files: tensorFlowFiles(path, tensors, spec), notes: [] };
    default:
      return format satisfies never;
  }
}

async function onnxFile(path: string, { storage, precision, ...options }: ExportOptions): Promise<ExportedFiles> {
  const model = await readModel(path, options);
  const { metadata } = await detectInterface(model, {}, path);
  const bytes = withMetadata(model.bytes, metadata, path);
  if (precision === 'int8') return inInt8(bytes, model.sha256, path);
  const notes = storage === 'int8' ? ['Kernels are stored as int8; what is calculated with them is float32.'] : [];
  return { files: [{ name: 'model.onnx', content: stored(bytes, storage, path) }], notes };
}

/** For any runtime that has QLinearConv: static, by the calibration that lies beside the model. */
async function inInt8(bytes: Uint8Array, sha256: string, path: string): Promise<ExportedFiles> {
  const { calibration, fault } = await findCalibration(path, sha256);
  if (fault) throw fault;
  if (!calibration)
    throw new CycleboxError(
      'MODEL_MISSING',
      `${calibrationPathOf(path)} is not there, and without it nobody knows how far values go. Make it with cyclebox models quantize.`,
      { subject: { file: path } },
    );
  const { convolutions, psnr, images } = calibration;
  const count = Object.keys(convolutions).length;
  return {
    files: [{ name: 'model.onnx', content: quantiseModel(bytes, convolutions, { file: path }) }],
    notes: [
      `${count} convolutions calculate in int8 (QLinearConv), the rest in float32: ${psnr} dB to float32 over ${images} images.`,
      'Kernels have 7 bits, so that x64 processors without VNNI, which add products of bytes in 16 bits, cut nothing off either.',
    ],
  };
}

function stored(bytes: Uint8Array, storage: ExportedStorage, path: string): Uint8Array {
  if (storage !== 'int8') return storeWeights(bytes, storage, path);
  const quantised = quantiseWeights(bytes, path);
  if (quantised) return quantised;
  throw new CycleboxError(
    'MODEL_INVALID',
    `${path} is written in an operation set before 13, which has no int8 kernels. Export it anew.`,
    {
      subject: { file: path },
    },
  );
}

interface NamedWeights {
  readonly tensors: WeightTensors;
  /** Of our own kinds of generators. */
  readonly spec: GeneratorSpec | undefined;
}

/** @throws CycleboxError MODEL_INVALID for a model whose weights have no names of their own */
async function namedWeights(path: string, options: ReadModelOptions): Promise<NamedWeights> {
  const model = await readModel(path, options);
  const known = model.kind === 'onnx' ? ourOnnx(model, path) : await readNamedWeights(path, options);
  if (!known)
    throw new CycleboxError(
      'MODEL_INVALID',
      `${path} does not name its weights as the network's layers do, so they can be exported as ONNX only.`,
      { subject: { file: path } },
    );
  if (known.kind === 'described') return { tensors: known.tensors, spec: undefined };
  return { tensors: completeWeights(known.spec, known.tensors), spec: known.spec };
}

/** A model that cyclebox made: initializers under their PyTorch keys, and the architecture in its metadata. */
function ourOnnx({ bytes, outline }: ForeignModel, path: string): KnownNetwork | undefined {
  const named = outline.metadata[metadataKeys.architecture];
  if (named === undefined) return undefined;
  const spec = parseArchitecture(named, path);
  if (spec.kind !== 'resnet' && spec.kind !== 'unet') return undefined;
  const stored = decodeOnnx(bytes, path).weights;
  const wanted = Object.keys(completeWeights(spec, {}));
  const tensors = Object.fromEntries(
    wanted.flatMap(key => {
      const tensor = stored.get(key);
      return tensor ? [[key, { shape: tensor.shape, data: tensor.floats() }] as const] : [];
    }),
  );
  checkWeights(spec, tensors, path);
  return { kind: 'generator', spec, tensors };
}

/** Where the reference's own network of these keys would compute something else, or has no such keys. */
function notesFor(spec: GeneratorSpec): readonly string[] {
  const { upsample = 'transpose', norm = 'instance' } = spec;
  const foreign = [
    upsample === 'resize' &&
      'upsamples by resizing, where the reference has transposed convolutions of the same shapes',
    norm === 'group' && 'has group normalisation, which the reference has not',
    norm === 'none' && 'has no normalisation (--norm none)',
  ].filter(text => text !== false);
  return foreign.map(text => `${describeNetwork(spec)}: it ${text}. Cyclebox reads the file as it is.`);
}

function tensorFlowFiles(
  path: string,
  tensors: WeightTensors,
  spec: GeneratorSpec | undefined,
): ExportedFiles['files'] {
  if (!spec)
    throw new CycleboxError(
      'MODEL_INVALID',
      `${path} is none of our own kinds of generators, which alone are written for TensorFlow.js.`,
      {
        subject: { file: path },
      },
    );
  return generatorToGraph(spec, tensors, {
    [metadataKeys.architecture]: JSON.stringify(spec),
    [metadataKeys.range]: '-1..1',
  });
}
