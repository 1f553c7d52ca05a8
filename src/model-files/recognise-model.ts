/**
 * What kind of model a file or folder is, told by its content and never by its name. What is no model, or one of a kind that
 * is not read, is told as what it is, with what would help. Only the beginning and the end of a file are looked at.
 */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CycleboxError, systemCodeOf, withRegularFile } from '../base/index.js';
import { foreignKindOf } from './foreign-kinds.js';

export const modelKinds = ['onnx', 'pytorch', 'safetensors', 'tensorflow-js'] as const;
export type ModelKind = (typeof modelKinds)[number];

export interface RecognisedModel {
  readonly kind: ModelKind;
  /** The file to read: of a folder, its `model.json`. */
  readonly path: string;
}

/** Enough for every beginning, and for the directory of a zip archive of thousands of entries. */
const peekBytes = 2 ** 16;

/** @throws CycleboxError MODEL_MISSING, MODEL_INVALID naming what it is instead */
export async function recogniseModel(path: string): Promise<RecognisedModel> {
  const status = await stat(path).catch(error => {
    throw unreadable(path, error);
  });
  if (status.isDirectory()) return recogniseFolder(path);
  const { head, tail } = await peek(path);
  const kind = kindOf(head, tail);
  if (kind) return { kind, path };
  const foreign = foreignKindOf(head, tail);
  throw notAModel(path, foreign ?? 'is no model file');
}

/** For people: `a PyTorch file`. */
export const kindNames: Readonly<Record<ModelKind, string>> = {
  onnx: 'ONNX',
  pytorch: 'PyTorch',
  safetensors: 'safetensors',
  'tensorflow-js': 'TensorFlow.js',
};

async function recogniseFolder(folder: string): Promise<RecognisedModel> {
  const names = await readdir(folder);
  if (names.includes('model.json')) return { kind: 'tensorflow-js', path: join(folder, 'model.json') };
  if (names.includes('saved_model.pb'))
    throw notAModel(
      folder,
      'is a TensorFlow SavedModel. Convert it where TensorFlow is: tensorflowjs_converter --input_format tf_saved_model',
    );
  if (names.includes('Manifest.json')) throw notAModel(folder, 'is a package of Core ML, which is read by Apple only');
  throw notAModel(folder, 'is a folder without a model.json, so it is no TensorFlow.js model');
}

async function peek(path: string): Promise<{ readonly head: Buffer; readonly tail: Buffer }> {
  try {
    return await withRegularFile(path, async file => ({
      head: await file.read(0, Math.min(peekBytes, file.size)),
      tail: await file.read(Math.max(0, file.size - peekBytes), Math.min(peekBytes, file.size)),
    }));
  } catch (error) {
    throw unreadable(path, error);
  }
}

function kindOf(head: Buffer, tail: Buffer): ModelKind | undefined {
  if (head[0] === 0x80) return 'pytorch';
  if (startsWith(head, 'PK\x03\x04'))
    return tail.includes('data.pkl') && !tail.includes('constants.pkl') ? 'pytorch' : undefined;
  if (head[6] === 0 && head[7] === 0 && head[8] === 0x7b) return 'safetensors';
  if (isTensorFlowJs(head)) return 'tensorflow-js';
  return isProtobuf(head) ? 'onnx' : undefined;
}

function isTensorFlowJs(head: Buffer): boolean {
  const text = head.toString('utf8').trimStart();
  return text.startsWith('{') && /"(?:modelTopology|weightsManifest)"/.test(text);
}

/** A ModelProto begins with its version of the format, or at least with a field of those that it has. */
function isProtobuf(head: Buffer): boolean {
  const [first = 0] = head;
  const [field, wire] = [first >> 3, first & 7];
  return field >= 1 && field <= 8 && (wire === 0 || wire === 2) && first !== 0x0a - 1 && !isText(head);
}

function isText(head: Buffer): boolean {
  return /^[\t\n\r\x20-\x7e]*$/.test(head.subarray(0, 256).toString('latin1'));
}

function startsWith(head: Buffer, text: string): boolean {
  return head.subarray(0, text.length).toString('latin1') === text;
}

function notAModel(path: string, what: string): CycleboxError {
  const message = `${path} ${what}. Models are read from ONNX, PyTorch (.pth) and safetensors files, and from TensorFlow.js folders.`;
  return new CycleboxError('MODEL_INVALID', message, { subject: { file: path } });
}

function unreadable(path: string, error: unknown): CycleboxError {
  if (error instanceof CycleboxError) return error;
  const why = systemCodeOf(error) === 'ENOENT' ? 'is not there' : `could not be read: ${(error as Error).message}`;
  return new CycleboxError('MODEL_MISSING', `The model file ${path} ${why}.`, {
    subject: { file: path },
    cause: error,
  });
}
