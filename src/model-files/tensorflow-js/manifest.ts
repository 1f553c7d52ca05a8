/**
 * A TensorFlow.js model as it lies on disk: `model.json` with the topology and a manifest of weights, and binary files beside
 * it that the manifest names. Weights come out as float32, whatever they are stored in; nothing outside the folder is opened.
 */
import { createHash } from 'node:crypto';
import { dirname, isAbsolute, join, normalize, sep } from 'node:path';
import { z } from 'zod';
import { CycleboxError, readRegularFile, readRegularText, systemCodeOf } from '../../base/index.js';

export interface TensorFlowWeight {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export interface TensorFlowFiles {
  readonly format: 'layers' | 'graph';
  readonly topology: unknown;
  /** Of graph models: their named inputs and outputs, where the file says them. */
  readonly signature: unknown;
  readonly weights: ReadonlyMap<string, TensorFlowWeight>;
  readonly sha256: string;
  readonly sizeBytes: number;
}

const quantization = z.looseObject({
  dtype: z.enum(['uint8', 'uint16', 'float16']),
  scale: z.number().optional(),
  min: z.number().optional(),
});

const weight = z.looseObject({
  name: z.string(),
  shape: z.array(z.int().min(0)),
  dtype: z.enum(['float32', 'int32', 'bool']),
  quantization: quantization.optional(),
});

const group = z.looseObject({ paths: z.array(z.string()), weights: z.array(weight) });

const document = z.looseObject({
  format: z.string().optional(),
  modelTopology: z.looseObject({}),
  weightsManifest: z.array(group),
  signature: z.unknown().optional(),
});

type StoredWeight = z.infer<typeof weight>;

/** @throws CycleboxError MODEL_INVALID, MODEL_MISSING naming a file of weights that is not there */
export async function readTensorFlowFiles(path: string): Promise<TensorFlowFiles> {
  const { text, data } = await readManifest(path);
  const { modelTopology, weightsManifest, signature } = data;
  const hash = createHash('sha256').update(text);
  let sizeBytes = Buffer.byteLength(text);
  const weights = new Map<string, TensorFlowWeight>();
  for (const each of weightsManifest) {
    const bytes = await readGroup(path, each.paths);
    hash.update(bytes);
    sizeBytes += bytes.length;
    unpackGroup(bytes, each.weights, weights, path);
  }
  const format = 'node' in modelTopology ? 'graph' : 'layers';
  return { format, topology: modelTopology, signature, weights, sha256: hash.digest('hex'), sizeBytes };
}

/** Of the files of weights, relative to the manifest. @throws CycleboxError MODEL_INVALID, MODEL_MISSING */
export async function tensorFlowFileNames(path: string): Promise<readonly string[]> {
  const { data } = await readManifest(path);
  return data.weightsManifest.flatMap(({ paths }) => paths);
}

async function readManifest(path: string) {
  const text = await readText(path);
  const parsed = document.safeParse(jsonOf(text, path));
  if (parsed.success) return { text, data: parsed.data };
  const [issue] = parsed.error.issues;
  throw invalid(path, `${issue!.path.join('.')}: ${issue!.message}`);
}

async function readGroup(path: string, names: readonly string[]): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (const name of names)
    parts.push(
      await readRegularFile(beside(path, name)).catch(error => {
        const why =
          systemCodeOf(error) === 'ENOENT' ? 'is not there' : `could not be read: ${(error as Error).message}`;
        const message = `${name}, where ${path} keeps weights, ${why}. All files of a TensorFlow.js model lie in one folder.`;
        throw new CycleboxError('MODEL_MISSING', message, { subject: { file: path }, cause: error });
      }),
    );
  return Buffer.concat(parts);
}

/** @throws CycleboxError MODEL_INVALID for a name that leads out of the folder */
function beside(path: string, name: string): string {
  const way = normalize(name);
  const leadsOut = isAbsolute(way) || way === '..' || way.startsWith(`..${sep}`) || /[\\:\0]/.test(name);
  if (leadsOut) throw invalid(path, `it keeps weights in "${name}", which leads out of its folder`);
  return join(dirname(path), way);
}

function unpackGroup(
  bytes: Buffer,
  stored: readonly StoredWeight[],
  weights: Map<string, TensorFlowWeight>,
  path: string,
): void {
  let at = 0;
  for (const each of stored) {
    const count = each.shape.reduce((product, side) => product * side, 1);
    const width = widthOf(each);
    if (at + count * width > bytes.length) throw invalid(path, `its files of weights end within ${each.name}`);
    const data = valuesOf(each, bytes.subarray(at, at + count * width), count);
    weights.set(each.name, { shape: each.shape, data });
    at += count * width;
  }
  if (at !== bytes.length)
    throw invalid(path, `its files of weights have ${bytes.length - at} bytes more than they should`);
}

function widthOf({ dtype, quantization: stored }: StoredWeight): number {
  if (stored) return stored.dtype === 'uint8' ? 1 : 2;
  return dtype === 'bool' ? 1 : 4;
}

function valuesOf({ dtype, quantization: stored }: StoredWeight, bytes: Buffer, count: number): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const read = readerOf(stored?.dtype ?? dtype, view);
  const { scale = 1, min = 0 } = stored?.dtype === 'float16' ? {} : (stored ?? {});
  return Float32Array.from({ length: count }, (_, at) => read(at) * scale + min);
}

function readerOf(type: string, view: DataView): (at: number) => number {
  switch (type) {
    case 'uint8':
    case 'bool':
      return at => view.getUint8(at);
    case 'uint16':
      return at => view.getUint16(2 * at, true);
    case 'float16':
      return at => halfToNumber(view.getUint16(2 * at, true));
    case 'int32':
      return at => view.getInt32(4 * at, true);
    default:
      return at => view.getFloat32(4 * at, true);
  }
}

/** IEEE 754 binary16. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const [exponent, fraction] = [(bits >> 10) & 0x1f, bits & 0x3ff];
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

async function readText(path: string): Promise<string> {
  try {
    return await readRegularText(path);
  } catch (error) {
    const why = systemCodeOf(error) === 'ENOENT' ? 'is not there' : `could not be read: ${(error as Error).message}`;
    throw new CycleboxError('MODEL_MISSING', `The model ${path} ${why}.`, { subject: { file: path }, cause: error });
  }
}

function jsonOf(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid(path, `it is not JSON: ${(error as Error).message}`);
  }
}

export function invalid(file: string, why: string): CycleboxError {
  return new CycleboxError('MODEL_INVALID', `${file} cannot be read as a TensorFlow.js model: ${why}.`, {
    subject: { file },
  });
}
