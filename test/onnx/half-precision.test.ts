/**
 * Models rewritten for float16: what the numbers become, where the halves begin and end, and how far the committed
 * models' images move. The CPU rounds a rewritten model's weights only and calculates in float32, so the error of
 * values in between is measured on the model itself with a rounding written behind each of its operations.
 */
import { fileURLToPath } from 'node:url';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Engine, openEngine, type TensorData } from '../../src/engine/index.js';
import { decodeImage, resizePicture, toUnitRange } from '../../src/image/index.js';
import { toFloat32 } from '../../src/nets/element-types.js';
import { toFloat16 } from '../../src/onnx/float16.js';
import {
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProto_DataType,
  TensorProtoSchema,
} from '../../src/onnx/generated/index.js';
import { toHalfPrecision } from '../../src/onnx/index.js';
import { floatsOf } from '../../src/onnx/model-file.js';
import { type NodeSpec, type OnnxFileSpec, onnxFile } from '../support/onnx-file.js';
import { trainedModel } from '../support/trained-model.js';

const inRepository = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine('cpu', { threads: 2 });
});
afterAll(() => engine.dispose());

describe('a half', () => {
  const there = (...values: number[]) => [...toFloat16(Float32Array.from(values))];

  it('that is written comes back as it was, for all 65536 of them', () => {
    const halves = Uint16Array.from({ length: 2 ** 16 }, (_, bits) => bits).filter(bits => (bits & 0x7fff) <= 0x7c00);
    expect(toFloat16(back(halves))).toEqual(halves);
  });

  it('is the nearest to its value, the even one of two as near', () => {
    expect(there(1 + 2 ** -11, 1 + 3 * 2 ** -11, -(1 + 2 ** -11 + 2 ** -20))).toEqual([0x3c00, 0x3c02, 0xbc01]);
    expect(there(2 ** -25, 3 * 2 ** -25, 1.01 * 2 ** -25, 2 ** -14 - 2 ** -26)).toEqual([0, 2, 1, 0x400]);
  });

  it('is infinite from 65520 on, and no number stays none', () => {
    expect(there(65519, 65520, -1e30, Number.NaN)).toEqual([0x7bff, 0x7c00, 0xfc00, 0x7e00]);
  });
});

describe('a model in float16', () => {
  it.each(['to-map.onnx', 'to-satellite.onnx'])('gives nearly the same picture: %s', async file => {
    const bytes = await trainedModel(`satellite-map/${file}`);
    const image = await sampleImage('samples/satellite-to-map/sri-lanka.jpg', 128);
    const exact = await translated(bytes, image);
    for (const [what, half] of [
      ['weights', await translated(toHalfPrecision(bytes), image)],
      ['weights and all values', await translated(everyValueRounded(bytes), image)],
    ] as const) {
      const errors = exact.data.map((value, at) => Math.abs(value - half.data[at]!) * 127.5);
      expect(Math.max(...errors), `${what}: largest error, in steps of a byte`).toBeLessThan(3);
      expect(mean(errors), `${what}: mean error, in steps of a byte`).toBeLessThan(0.1);
      expect(mean(errors), `${what}: the halves make a difference`).toBeGreaterThan(1e-3);
    }
  });

  it('is half as large', async () => {
    const bytes = await trainedModel('satellite-map/to-map.onnx');
    expect(toHalfPrecision(bytes).length / bytes.length).toBeLessThan(0.52);
  });

  it('takes and gives float32, and keeps statistics in it', () => {
    const spec: OnnxFileSpec = {
      nodes: [
        ['Relu', ['image'], ['positive']],
        ['InstanceNormalization', ['positive', 'scale', 'shift'], ['normal']],
        ['Mul', ['normal', 'weights'], ['translated']],
      ],
      constants: {
        scale: { shape: [3], values: [1, 2, 3] },
        shift: { shape: [3], values: [0, 0, 1] },
        weights: { shape: [1, 3, 1, 1], values: [1, 2, 3] },
      },
      inputs: { image: [1, 3, 'h', 'w'] },
      outputs: ['translated'],
    };
    expect(operations(spec)).toEqual(['Cast', 'Relu', 'Cast', 'InstanceNormalization', 'Cast', 'Mul', 'Cast']);
    expect(weightTypes(spec)).toEqual({ scale: 'FLOAT', shift: 'FLOAT', 'weights:half': 'FLOAT16' });
  });

  it('casts a value once, however many need it', () => {
    const spec: OnnxFileSpec = {
      nodes: [
        ['Neg', ['image'], ['a']],
        ['Abs', ['image'], ['b']],
        ['Add', ['a', 'b'], ['translated']],
      ],
      inputs: { image: [1, 3, 'h', 'w'] },
      outputs: ['translated'],
    };
    expect(operations(spec)).toEqual(['Cast', 'Neg', 'Abs', 'Add', 'Cast']);
  });

  it('leaves whole numbers and truth values as they are', async () => {
    const spec: OnnxFileSpec = {
      nodes: [
        ['Shape', ['image'], ['size']],
        ['Constant', [], ['half'], { value: { shape: [], values: [0.5] } }],
        ['ConstantOfShape', ['size'], ['ones'], { value: { shape: [1], values: [1] } }],
        ['Greater', ['image', 'half'], ['large']],
        ['Where', ['large', 'ones', 'image'], ['chosen']],
        ['Cast', ['large'], ['numbers'], { to: 1 }],
        ['Add', ['chosen', 'numbers'], ['sum']],
        ['Reshape', ['sum', 'size'], ['translated']],
      ],
      inputs: { image: [1, 3, 'h', 'w'] },
      outputs: ['translated'],
    };
    const image = { shape: [1, 3, 1, 2], data: Float32Array.of(0, 0.5, 0.75, -1, 1, 0.25) };
    const { data } = await translated(toHalfPrecision(onnxFile(spec)), image);
    expect([...data]).toEqual([0, 0.5, 2, -1, 2, 0.25]);
  });

  it('computes sizes as exactly as before, wherever their factors are stored', async () => {
    const factor = 1.001; // 1.0009766 as a half, and 1000 times that has another whole part
    const resizing = (constant: NodeSpec | undefined): OnnxFileSpec => ({
      nodes: [
        ['Shape', ['image'], ['shape'], { start: 2, end: 3 }],
        ...(constant ? [constant] : []),
        ['Cast', ['shape'], ['rows'], { to: 1 }],
        ['Mul', ['rows', 'factor'], ['more']],
        ['Floor', ['more'], ['whole']],
        ['Cast', ['whole'], ['height'], { to: 7 }],
        ['Concat', ['two', 'height', 'one'], ['size'], { axis: 0 }],
        ['Resize', ['image', '', '', 'size'], ['larger'], { mode: 'nearest' }],
        ['Neg', ['larger'], ['translated']],
      ],
      constants: {
        two: { shape: [2], values: [1, 1], as: 'int64' },
        one: { shape: [1], values: [1], as: 'int64' },
        ...(constant ? {} : { factor: { shape: [], values: [factor] } }),
      },
      inputs: { image: [1, 1, 'h', 1] },
      outputs: ['translated'],
    });
    const image = { shape: [1, 1, 1000, 1], data: new Float32Array(1000).fill(0.5) };
    for (const spec of [
      resizing(undefined),
      resizing(['Constant', [], ['factor'], { value: { shape: [], values: [factor] } }]),
      resizing(['Constant', [], ['factor'], { value_float: factor }]),
    ]) {
      const { shape, data } = await translated(toHalfPrecision(onnxFile(spec)), image);
      expect(shape).toEqual([1, 1, 1001, 1]);
      expect(data[7]).toBe(-0.5);
      expect(operations(spec).slice(-3)).toEqual(['Cast', 'Neg', 'Cast']);
    }
  });

  it('of which an output is an input or a weight is still a model', async () => {
    const spec: OnnxFileSpec = {
      nodes: [
        ['Neg', ['image'], ['negative']],
        ['Identity', ['negative'], ['translated']],
        ['Identity', ['image'], ['same']],
      ],
      inputs: { image: [1, 3, 'h', 'w'] },
      outputs: ['translated', 'same'],
    };
    const image = { shape: [1, 3, 1, 1], data: Float32Array.of(0.5, 0.25, -1) };
    const program = await engine.load({ bytes: toHalfPrecision(onnxFile(spec)) });
    const { translated: negative, same } = await program.run({ image });
    expect([...negative!.data, ...same!.data]).toEqual([-0.5, -0.25, 1, 0.5, 0.25, -1]);
    await program.dispose();
  });

  it('is refused where the engine has none, with what to do', async () => {
    const path = inRepository('models/satellite-map/to-map.onnx');
    const refused = engine.load({ path }, { precision: 'float16' });
    await expect(refused).rejects.toMatchObject({
      code: 'ENGINE_UNAVAILABLE',
      message: expect.stringMatching(/--precision float32/),
    });
  });
});

async function translated(bytes: Uint8Array, image: TensorData): Promise<TensorData> {
  const program = await engine.load({ bytes });
  try {
    return (await program.run({ image }))['translated']!;
  } finally {
    await program.dispose();
  }
}

async function sampleImage(path: string, size: number): Promise<TensorData> {
  const { rgb } = await resizePicture(await decodeImage(inRepository(path)), size, size);
  const plane = size * size;
  const data = Float32Array.from({ length: 3 * plane }, (_, at) =>
    toUnitRange(rgb[(at % plane) * 3 + Math.floor(at / plane)]!),
  );
  return { shape: [1, 3, size, size], data };
}

function operations(spec: OnnxFileSpec): string[] {
  return fromBinary(ModelProtoSchema, toHalfPrecision(onnxFile(spec))).graph!.node.map(({ opType }) => opType);
}

function weightTypes(spec: OnnxFileSpec): Record<string, string | undefined> {
  const { graph } = fromBinary(ModelProtoSchema, toHalfPrecision(onnxFile(spec)));
  return Object.fromEntries(graph!.initializer.map(({ name, dataType }) => [name, TensorProto_DataType[dataType]]));
}

/**
 * The model with the result of each operation rounded to the eleven bits of a half, by Veltkamp's splitting (Dekker 1971):
 * `c = (2^13 + 1)·x`, `c - (c - x)`. Sums inside an operation stay float32, as on most devices.
 */
function everyValueRounded(bytes: Uint8Array): Uint8Array {
  const model = fromBinary(ModelProtoSchema, bytes);
  const graph = model.graph!;
  const floats = new Set(graph.input.map(({ name }) => name));
  for (const tensor of graph.initializer) {
    if (tensor.dataType !== TensorProto_DataType.FLOAT) continue;
    floats.add(tensor.name);
    tensor.rawData = new Uint8Array(back(toFloat16(floatsOf(tensor))).buffer);
  }
  graph.initializer.push(create(TensorProtoSchema, { name: 'splitter', dataType: 1, rawData: bytesOf(2 ** 13 + 1) }));
  graph.node = graph.node.flatMap(node => {
    if (!node.input.some(name => floats.has(name))) return [node];
    const name = node.output[0]!;
    floats.add(name);
    const [raw, c, rest] = ['raw', 'c', 'rest'].map(part => `${name}:${part}`) as [string, string, string];
    node.output = [raw];
    const split = [
      { opType: 'Mul', input: [raw, 'splitter'], output: [c] },
      { opType: 'Sub', input: [c, raw], output: [rest] },
      { opType: 'Sub', input: [c, rest], output: [name] },
    ];
    return [node, ...split.map(each => create(NodeProtoSchema, each))];
  });
  return toBinary(ModelProtoSchema, model);
}

const back = (halves: Uint16Array) => toFloat32(new Uint8Array(halves.buffer), 'F16');
const bytesOf = (value: number) => new Uint8Array(Float32Array.of(value).buffer);

function mean(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
