/**
 * Tiny real .onnx files for tests: networks of a few weights whose result can be said in one line, so that a test
 * knows every output pixel. Not a model format of the product; src/onnx writes those. Every file takes `image`
 * [n, 3, h, w] float32 in [-1, 1] with symbolic n, h and w, gives `translated` of the same shape, opset 17, IR 8.
 */
import { writeFile } from 'node:fs/promises';
import onnxProto from 'onnx-proto';

const { onnx } = onnxProto;
type Node = InstanceType<typeof onnx.NodeProto>;
type Tensor = InstanceType<typeof onnx.TensorProto>;
type Attribute = InstanceType<typeof onnx.AttributeProto>;

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
  const model = onnx.ModelProto.create({
    irVersion: 8,
    producerName: 'cyclebox-test',
    opsetImport: [{ domain: '', version: 17 }],
    metadataProps: Object.entries(options.metadata ?? {}).map(([key, value]) => ({ key, value })),
    graph: {
      name: 'tiny',
      node: nodes,
      initializer: weights,
      input: [imageValue(input)],
      output: [imageValue(output)],
    },
  });
  return onnx.ModelProto.encode(model).finish();
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

const { TensorProto, AttributeProto, NodeProto } = onnx;

function node(opType: string, input: string[], output: string[], attribute: Attribute[] = []): Node {
  return NodeProto.create({ opType, input, output, attribute, name: `${opType}-${output.join('-')}` });
}
const int = (name: string, i: number): Attribute =>
  AttributeProto.create({ name, type: AttributeProto.AttributeType.INT, i });
const ints = (name: string, values: number[]): Attribute =>
  AttributeProto.create({ name, type: AttributeProto.AttributeType.INTS, ints: values });
const text = (name: string, s: string): Attribute =>
  AttributeProto.create({ name, type: AttributeProto.AttributeType.STRING, s: new TextEncoder().encode(s) });
const floats = (name: string, dims: number[], floatData: readonly number[]): Tensor =>
  TensorProto.create({ name, dims, dataType: TensorProto.DataType.FLOAT, floatData: [...floatData] });
const longs = (name: string, int64Data: number[]): Tensor =>
  TensorProto.create({ name, dims: [int64Data.length], dataType: TensorProto.DataType.INT64, int64Data });

function imageValue(name: string) {
  const dim = [{ dimParam: 'n' }, { dimValue: 3 }, { dimParam: 'h' }, { dimParam: 'w' }];
  return { name, type: { tensorType: { elemType: TensorProto.DataType.FLOAT, shape: { dim } } } };
}
