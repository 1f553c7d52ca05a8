/**
 * Tiny real .onnx files for tests: networks of a few weights whose result can be said in one line, so that a test
 * knows every output pixel. Not a model format of the product; src/onnx writes those. Every file takes `image`
 * [n, 3, h, w] float32 in [-1, 1] with symbolic n, h and w, gives `translated` of the same shape, opset 17, IR 8.
 */
import { writeFile } from 'node:fs/promises';
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import {
  type AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataType as DataType,
  ModelProtoSchema,
  type NodeProtoSchema,
  type TensorProtoSchema,
  type ValueInfoProtoSchema,
} from '../../src/onnx/generated/index.js';

type Node = MessageInitShape<typeof NodeProtoSchema>;
type Tensor = MessageInitShape<typeof TensorProtoSchema>;
type Attribute = MessageInitShape<typeof AttributeProtoSchema>;

export interface TinyOnnxOptions {
  /**
   * What the network does (default `negate`):
   * - `identity`, `negate`: the picture itself, its negative (v → -v; byte b → 255 - b);
   * - `matrix`: `translated[o] = Σ matrix[o][i]·image[i] + bias[o]`, a 1×1 convolution;
   * - `blur`: 7×7 mean over a reflected border, whose reach of 3 pixels shows tile seams; fails on images under 4×4;
   * - `quarter`: 4×4 means spread back over 4×4, so that only multiples of 4 keep their size;
   * - `normalize`: InstanceNorm, so that the result depends on the whole input.
   */
  readonly kind?: 'identity' | 'negate' | 'matrix' | 'blur' | 'quarter' | 'normalize';
  readonly matrix?: readonly (readonly number[])[];
  readonly bias?: readonly number[];
  /** ONNX metadata, such as `cyclebox.size_multiple`. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Names of input and output, to make files that do not keep the convention. */
  readonly input?: string;
  readonly output?: string;
}

const swapRedAndBlue = [
  [0, 0, 1],
  [0, 1, 0],
  [1, 0, 0],
];

/** The bytes of a tiny network. */
export function tinyOnnx(options: TinyOnnxOptions = {}): Uint8Array {
  const input = options.input ?? 'image';
  const output = options.output ?? 'translated';
  const { nodes, weights } = body(options, input, output);
  const model = create(ModelProtoSchema, {
    irVersion: 8n,
    producerName: 'cyclebox-test',
    opsetImport: [{ domain: '', version: 17n }],
    metadataProps: Object.entries(options.metadata ?? {}).map(([key, value]) => ({ key, value })),
    graph: {
      name: 'tiny',
      node: nodes,
      initializer: weights,
      input: [imageValue(input)],
      output: [imageValue(output)],
    },
  });
  return toBinary(ModelProtoSchema, model);
}

/** Writes a tiny network to `path` and returns the path. */
export async function writeTinyOnnx(path: string, options: TinyOnnxOptions = {}): Promise<string> {
  await writeFile(path, tinyOnnx(options));
  return path;
}

function body(options: TinyOnnxOptions, input: string, output: string): { nodes: Node[]; weights: Tensor[] } {
  const kind = options.kind ?? 'negate';
  switch (kind) {
    case 'identity':
      return { nodes: [node('Identity', [input], [output])], weights: [] };
    case 'negate':
      return { nodes: [node('Neg', [input], [output])], weights: [] };
    case 'matrix':
      return {
        nodes: [node('Conv', [input, 'w', 'b'], [output], [ints('kernel_shape', [1, 1])])],
        weights: [
          floats('w', [3, 3, 1, 1], (options.matrix ?? swapRedAndBlue).flat()),
          floats('b', [3], options.bias ?? [0, 0, 0]),
        ],
      };
    case 'blur':
      return {
        nodes: [
          node('Pad', [input, 'pads'], ['padded'], [text('mode', 'reflect')]),
          node('Conv', ['padded', 'w'], [output], [ints('kernel_shape', [7, 7]), int('group', 3)]),
        ],
        weights: [
          longs('pads', [0, 0, 3, 3, 0, 0, 3, 3]),
          floats('w', [3, 1, 7, 7], new Array<number>(3 * 49).fill(1 / 49)),
        ],
      };
    case 'quarter':
      return {
        nodes: [
          node('AveragePool', [input], ['small'], [ints('kernel_shape', [4, 4]), ints('strides', [4, 4])]),
          node(
            'ConvTranspose',
            ['small', 'w'],
            [output],
            [ints('kernel_shape', [4, 4]), ints('strides', [4, 4]), int('group', 3)],
          ),
        ],
        weights: [floats('w', [3, 1, 4, 4], new Array<number>(48).fill(1))],
      };
    case 'normalize':
      return {
        nodes: [node('InstanceNormalization', [input, 'scale', 'shift'], [output])],
        weights: [floats('scale', [3], [0.3, 0.3, 0.3]), floats('shift', [3], [0, 0, 0])],
      };
    default:
      return kind satisfies never;
  }
}

function node(opType: string, input: string[], output: string[], attribute: Attribute[] = []): Node {
  return { opType, input, output, attribute, name: `${opType}-${output.join('-')}` };
}
const int = (name: string, i: number): Attribute => ({ name, type: AttributeType.INT, i: BigInt(i) });
const ints = (name: string, values: number[]): Attribute => ({
  name,
  type: AttributeType.INTS,
  ints: values.map(BigInt),
});
const text = (name: string, s: string): Attribute => ({
  name,
  type: AttributeType.STRING,
  s: new TextEncoder().encode(s),
});
const floats = (name: string, dims: number[], floatData: readonly number[]): Tensor => ({
  name,
  dims: dims.map(BigInt),
  dataType: DataType.FLOAT,
  floatData: [...floatData],
});
const longs = (name: string, values: number[]): Tensor => ({
  name,
  dims: [BigInt(values.length)],
  dataType: DataType.INT64,
  int64Data: values.map(BigInt),
});

function imageValue(name: string): MessageInitShape<typeof ValueInfoProtoSchema> {
  const size = (name: string) => ({ value: { case: 'dimParam', value: name } }) as const;
  const dim = [size('n'), { value: { case: 'dimValue', value: 3n } } as const, size('h'), size('w')];
  return { name, type: { value: { case: 'tensorType', value: { elemType: DataType.FLOAT, shape: { dim } } } } };
}
