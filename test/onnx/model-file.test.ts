/**
 * ONNX files read and written as a whole: what this version's schema does not know stays in a file that is rewritten, and
 * weights, most of a file, are copied no more often than somebody needs them.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { clone, create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { encodeModel } from '../../src/onnx/encode-model.js';
import { type ModelProto, ModelProtoSchema, TensorProtoSchema } from '../../src/onnx/generated/index.js';
import { decodeOnnx, readNetwork, toHalfPrecision } from '../../src/onnx/index.js';
import { onnxFile } from '../support/onnx-file.js';

const scaled = onnxFile({
  nodes: [
    ['Constant', [], ['two'], { value: { shape: [], values: [2] } }],
    ['Mul', ['image', 'two'], ['twice']],
    ['Mul', ['twice', 'weights'], ['translated']],
  ],
  constants: { weights: { shape: [1, 3, 1, 1], values: [1, 2, 3] } },
  inputs: { image: [1, 3, 'h', 'w'] },
  outputs: ['translated'],
});

/** A field that no version of the schema has: number 1000, holding `text`. */
function unknownField(text: string) {
  const bytes = new TextEncoder().encode(text);
  return { no: 1000, wireType: 2, data: Uint8Array.of(bytes.length, ...bytes) } as const;
}

/** `scaled` as a later exporter might write it: each part has a field of a later schema. */
function fromLaterExporter(): ModelProto {
  const model = fromBinary(ModelProtoSchema, scaled);
  const graph = model.graph!;
  const [constant] = graph.node;
  model.$unknown = [unknownField('of the model')];
  graph.$unknown = [unknownField('of the graph')];
  constant!.attribute[0]!.t!.$unknown = [unknownField('of the constant')];
  graph.node[1]!.$unknown = [unknownField('of the node')];
  graph.input[0]!.$unknown = [unknownField('of the input')];
  graph.initializer[0]!.$unknown = [unknownField('of the weights')];
  return model;
}

describe('a file of a later exporter, rewritten', () => {
  it('keeps the fields that the schema does not know, in every part', () => {
    const rewritten = Buffer.from(toHalfPrecision(toBinary(ModelProtoSchema, fromLaterExporter()))).toString('latin1');
    const parts = ['model', 'graph', 'constant', 'node', 'input', 'weights'];
    expect(parts.filter(part => rewritten.split(`of the ${part}`).length === 2)).toEqual(parts);
  });

  it('keeps what exporters note beside nodes and weights', () => {
    const model = fromBinary(ModelProtoSchema, scaled);
    const note = (value: string) =>
      create(ModelProtoSchema, { metadataProps: [{ key: 'source', value }] }).metadataProps;
    model.graph!.node[1]!.metadataProps = note('net.py:7');
    model.graph!.initializer[0]!.metadataProps = note('net.py:3');
    const { graph } = fromBinary(ModelProtoSchema, toHalfPrecision(toBinary(ModelProtoSchema, model)));
    const notes = [...graph!.node, ...graph!.initializer].flatMap(({ metadataProps }) => metadataProps);
    expect(notes.map(({ value }) => value)).toEqual(['net.py:7', 'net.py:3']);
  });
});

describe('writing a model', () => {
  it('loses nothing that the model holds', () => {
    const model = fromLaterExporter();
    const listed = { name: 'listed', dims: [2n], dataType: 1, floatData: [0.5, -1] };
    model.graph!.initializer.push(create(TensorProtoSchema, listed), create(TensorProtoSchema, { name: 'empty' }));
    const before = clone(ModelProtoSchema, model);
    const written = fromBinary(ModelProtoSchema, encodeModel(model));
    expect(written).toEqual(before);
    expect(model).toEqual(before);
  });

  it('writes a model without a graph', () => {
    const model = create(ModelProtoSchema, { producerName: 'nobody' });
    expect(encodeModel(model)).toEqual(toBinary(ModelProtoSchema, model));
  });
});

describe('weights of 32 MiB', () => {
  const size = 32 * 2 ** 20;
  const large = largeFile();

  it('are not copied by reading the file, and once by asking for them', () => {
    const [file, read] = allocated(() => decodeOnnx(large));
    expect(read).toBeLessThan(0.1 * size);
    const [floats, asked] = allocated(() => file.weights.get('weights')!.floats());
    expect(floats[7]).toBe(0.5);
    expect(asked / size).toBeCloseTo(1, 1);
  });

  it('are copied once for the graph of the file', () => {
    const [network, read] = allocated(() => readNetwork(large));
    expect(network.constants.get('weights')!.data[7]).toBe(0.5);
    expect(read / size).toBeCloseTo(1, 1);
  });

  it('are copied once by writing the file', () => {
    const model = fromBinary(ModelProtoSchema, large);
    const [bytes, written] = allocated(() => encodeModel(model));
    expect(bytes.length).toBe(large.length);
    expect(written / size).toBeCloseTo(1, 1);
  });

  function largeFile(): Uint8Array {
    const model = fromBinary(ModelProtoSchema, scaled);
    const [weights] = model.graph!.initializer;
    weights!.dims = [BigInt(size / 4)];
    weights!.rawData = new Uint8Array(new Float32Array(size / 4).fill(0.5).buffer);
    return encodeModel(model);
  }
});

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/**
 * What `make` makes, and how many bytes of typed arrays that took: the most of some tries, since what others left may go in the
 * middle of one, and that only makes it look like less.
 */
function allocated<T>(make: () => T): [made: T, bytes: number] {
  const tries = Array.from({ length: 5 }, (): [T, number] => {
    collectGarbage();
    const before = process.memoryUsage().arrayBuffers;
    const made = make();
    return [made, process.memoryUsage().arrayBuffers - before];
  });
  return tries.reduce((most, each) => (each[1] > most[1] ? each : most));
}
