/**
 * A GraphModel in the making: TensorFlow's nodes one after another, and the constants that become its files of weights. It
 * knows the format, not networks. Values are `[n, h, w, c]`.
 */

/** A node's name. */
export type NodeName = string;

type Attribute = Readonly<Record<string, unknown>>;

interface Constant {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}

export interface GraphFile {
  readonly name: string;
  readonly content: Uint8Array;
}

/** As the format's own tools split them. */
const shardBytes = 4 * 2 ** 20;

const float: Attribute = { type: 'DT_FLOAT' };
const whole: Attribute = { type: 'DT_INT32' };

export const text = (value: string): Attribute => ({ s: Buffer.from(value).toString('base64') });
export const numbers = (...values: readonly number[]): Attribute => ({ list: { i: values.map(String) } });
export const integer = (value: number): Attribute => ({ i: String(value) });
export const real = (value: number): Attribute => ({ f: value });
export const flag = (value: boolean): Attribute => ({ b: value });

export class GraphWriter {
  readonly #nodes: unknown[] = [];
  readonly #constants: Constant[] = [];
  readonly #shared = new Map<string, NodeName>();
  #count = 0;

  input(name: NodeName, channels: number): NodeName {
    const dim = [-1, -1, -1, channels].map(size => ({ size: String(size) }));
    this.#nodes.push({ name, op: 'Placeholder', attr: { dtype: float, shape: { shape: { dim } } } });
    return name;
  }

  node(op: string, input: readonly NodeName[], attr: Attribute = {}, name: NodeName = this.#fresh(op)): NodeName {
    this.#nodes.push({ name, op, input, attr: { T: float, ...attr } });
    return name;
  }

  floats(data: Float32Array, shape: readonly number[], name: NodeName = this.#fresh('weights')): NodeName {
    this.#nodes.push({ name, op: 'Const', attr: { dtype: float } });
    this.#constants.push({ name, shape, data });
    return name;
  }

  /** Whole numbers, shared between their users; `[]` for a single one. */
  integers(values: readonly number[], shape: readonly number[] = [values.length]): NodeName {
    const key = `${values} [${shape}]`;
    const known = this.#shared.get(key);
    if (known !== undefined) return known;
    const name = this.#fresh('numbers');
    this.#nodes.push({ name, op: 'Const', attr: { dtype: whole } });
    this.#constants.push({ name, shape, data: Int32Array.from(values) });
    this.#shared.set(key, name);
    return name;
  }

  /** `model.json` and the files of weights that it names. */
  files(input: NodeName, output: NodeName, metadata: Readonly<Record<string, string>>): readonly GraphFile[] {
    const bytes = Buffer.concat(this.#constants.map(({ data }) => littleEndian(data)));
    const shards = Math.max(1, Math.ceil(bytes.length / shardBytes));
    const parts = Array.from({ length: shards }, (_, at) => ({
      name: `group1-shard${at + 1}of${shards}.bin`,
      content: bytes.subarray(at * shardBytes, (at + 1) * shardBytes),
    }));
    const weights = this.#constants.map(({ name, shape, data }) => ({
      ...{ name, shape },
      dtype: data instanceof Int32Array ? 'int32' : 'float32',
    }));
    const document = {
      format: 'graph-model',
      generatedBy: 'cyclebox',
      modelTopology: { versions: { producer: 1 }, node: this.#nodes },
      signature: { inputs: { image: signed(input) }, outputs: { translated: signed(output) } },
      userDefinedMetadata: metadata,
      weightsManifest: [{ paths: parts.map(({ name }) => name), weights }],
    };
    return [{ name: 'model.json', content: Buffer.from(`${JSON.stringify(document)}\n`) }, ...parts];
  }

  #fresh(kind: string): NodeName {
    return `${kind}_${this.#count++}`;
  }
}

function signed(name: NodeName) {
  const dim = [-1, -1, -1, 3].map(size => ({ size: String(size) }));
  return { name: `${name}:0`, dtype: 'DT_FLOAT', tensorShape: { dim } };
}

function littleEndian(data: Float32Array | Int32Array): Buffer {
  const bytes = Buffer.alloc(4 * data.length);
  data.forEach((value, at) => {
    if (data instanceof Int32Array) bytes.writeInt32LE(value, 4 * at);
    else bytes.writeFloatLE(value, 4 * at);
  });
  return bytes;
}
