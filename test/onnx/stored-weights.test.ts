/**
 * Models whose weights are stored as float16: half as large, the same to look at, and the same to everything that reads
 * weights out of a file.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Engine, openEngine, referenceEngine, type TensorData } from '../../src/engine/index.js';
import { decodeImage, resizePicture, toByte, toByteScale, toUnitRange } from '../../src/image/index.js';
import { parseArchitecture, type ResnetSpec } from '../../src/nets/index.js';
import { ModelProtoSchema, TensorProto_DataType } from '../../src/onnx/generated/index.js';
import { decodeOnnx, metadataKeys, storeWeights, toHalfPrecision } from '../../src/onnx/index.js';
import { warmVariables } from '../../src/training/loop/warm-start.js';
import { resolveTrainingSettings } from '../../src/training/settings.js';
import { doubles, expectNear } from '../engine/near.js';
import { imageValues } from '../nets/network-values.js';
import { onnxFile } from '../support/onnx-file.js';
import { temporaryFolder } from '../support/pictures.js';
import { trainedModel } from '../support/trained-model.js';

const toMap = await trainedModel('satellite-map/to-map.onnx');
const toSatellite = await trainedModel('satellite-map/to-satellite.onnx');
type Weight = ReturnType<typeof decodeOnnx>['weights'] extends ReadonlyMap<string, infer W> ? W : never;
const asHalves = (bytes: Uint8Array) => storeWeights(bytes, 'float16');

describe('a model whose weights are stored as float16', () => {
  it('is half as large', () => {
    expect(asHalves(toMap).length / toMap.length).toBeLessThan(0.52);
  });

  it.each([
    ['to-map', toMap, 'samples/satellite-to-map/sri-lanka.jpg'],
    ['to-satellite', toSatellite, 'samples/map-to-satellite/himalaya.png'],
  ])('moves no pixel by more than 1: %s', async (_, bytes, sample) => {
    const image = await sampleImage(sample);
    const engine = await opened(openEngine('cpu', { threads: 2 }));
    const before = bytesOf(await translated(engine, bytes, image));
    const after = bytesOf(await translated(engine, asHalves(bytes), image));
    const moved = before.map((value, at) => Math.abs(value - after[at]!));
    expect(Math.max(...moved)).toBe(1);
  });

  it('runs on engines that read no files', async () => {
    const image = imageValues([1, 3, 12, 8]);
    const [cpu, reference] = [await opened(openEngine('cpu', { threads: 2 })), await opened(referenceEngine())];
    const exact = await translated(reference, asHalves(toMap), image);
    expectNear('translated', await translated(cpu, asHalves(toMap), image), doubles(exact), 1e-3);
  });

  it('has its weights under their own names, rounded', () => {
    const [before, after] = [decodeOnnx(toMap).weights, decodeOnnx(asHalves(toMap)).weights];
    expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
    const [exact, rounded] = [before, after].map(weights => weights.get('model.1.weight')!);
    expect(rounded!.shape).toEqual(exact!.shape);
    expectNear('weight', values(rounded!), doubles(values(exact!)), 2 ** -11);
    const [were, are] = [exact!.floats(), rounded!.floats()];
    expect(are.some((value, at) => value !== were[at])).toBe(true);
  });

  it('can be calculated with in float16 as if it were stored as float32', () => {
    const rounded = storeWeights(asHalves(toMap), 'float32');
    const [fromHalves, fromFloats] = [asHalves(toMap), rounded].map(bytes => toHalfPrecision(bytes));
    expect(operations(fromHalves!)).toEqual(operations(fromFloats!));
    expect(fromHalves!.length).toBe(fromFloats!.length);
  });

  it('is stored so once', () => {
    expect(Buffer.compare(asHalves(asHalves(toMap)), asHalves(toMap))).toBe(0);
  });

  it('comes back as float32 without its Casts', () => {
    const back = storeWeights(asHalves(toMap), 'float32');
    expect(operations(back)).toEqual(operations(toMap));
    expect(back.length / toMap.length).toBeCloseTo(1, 2);
  });

  it('can be trained on', async () => {
    const folder = await temporaryFolder();
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'package.json'), '{}');
    await writeFile(join(folder, 'to-map.onnx'), asHalves(toMap));
    const architecture = decodeOnnx(toMap).metadata[metadataKeys.architecture]!;
    const { width, blocks, upsample = 'transpose', norm } = parseArchitecture(architecture) as ResnetSpec;
    const settings = resolveTrainingSettings({
      ...{ pair: 'satellite-map', a: folder, b: folder, out: folder, size: 32, warmStart: folder },
      ...{ width, blocks, upsample, ...(norm && { norm }) },
    });
    const taken = await warmVariables(settings);
    const weight = decodeOnnx(asHalves(toMap)).weights.get('model.1.weight')!;
    expect(taken['G_A.model.1.weight']!.data).toEqual(weight.floats());
  });
});

describe('stays float32:', () => {
  const stored = (values: readonly number[], shape = [1, values.length, 1, 1]) => {
    const bytes = onnxFile({
      nodes: [['Mul', ['image', 'weights'], ['translated']]],
      constants: { weights: { shape, values } },
      inputs: { image: [1, values.length, 'h', 'w'] },
      outputs: ['translated'],
    });
    const { initializer } = fromBinary(ModelProtoSchema, asHalves(bytes)).graph!;
    return initializer.map(({ dataType }) => TensorProto_DataType[dataType]);
  };

  it('what has few numbers', () => {
    expect(stored(new Array<number>(255).fill(0.1))).toEqual(['FLOAT']);
    expect(stored(new Array<number>(256).fill(0.1))).toEqual(['FLOAT16']);
  });

  it('what is too large or too small to be a half', () => {
    const numbers = (last: number) => [...new Array<number>(255).fill(0), last];
    expect([0, 3e-5, 65504].map(value => stored(numbers(value))[0])).toEqual(['FLOAT16', 'FLOAT', 'FLOAT16']);
    expect([1e-6, 70_000].map(value => stored(numbers(value))[0])).toEqual(['FLOAT', 'FLOAT']);
  });

  it('a weight that a caller may hand in instead', () => {
    const model = fromBinary(ModelProtoSchema, toMap);
    const [weight] = model.graph!.initializer.filter(({ dims }) => dims.length === 4);
    model.graph!.input.push(create(ModelProtoSchema, { graph: { input: [{ name: weight!.name }] } }).graph!.input[0]!);
    const { initializer } = fromBinary(ModelProtoSchema, asHalves(toBinary(ModelProtoSchema, model))).graph!;
    const types = initializer.map(({ name, dataType }) => [name, TensorProto_DataType[dataType]]);
    expect(Object.fromEntries(types)).toMatchObject({ [weight!.name]: 'FLOAT' });
  });
});

async function opened(engine: Engine | Promise<Engine>): Promise<Engine> {
  const open = await engine;
  onTestFinished(() => open.dispose());
  return open;
}

async function translated(engine: Engine, bytes: Uint8Array, image: TensorData): Promise<TensorData> {
  const program = await engine.load({ bytes });
  try {
    return (await program.run({ image }))['translated']!;
  } finally {
    await program.dispose();
  }
}

const values = ({ shape, floats }: Weight): TensorData => ({ shape, data: floats() });

const size = 128;

async function sampleImage(path: string): Promise<TensorData> {
  const { rgb } = await resizePicture(await decodeImage(path), size, size);
  const plane = size * size;
  const data = Float32Array.from({ length: 3 * plane }, (_, at) =>
    toUnitRange(rgb[(at % plane) * 3 + Math.floor(at / plane)]!),
  );
  return { shape: [1, 3, size, size], data };
}

const bytesOf = ({ data }: TensorData) => Uint8Array.from(data, value => toByte(toByteScale(value)));

function operations(bytes: Uint8Array): string[] {
  return fromBinary(ModelProtoSchema, bytes).graph!.node.map(({ opType }) => opType);
}
