/**
 * What a model file is before anything is made of it: its inputs and outputs with types and sizes, its metadata, how
 * many nodes it has and which of its tensors lie in other files. The bytes are walked, not decoded: this is what stands
 * between a hostile file and the decoders, and must stay quick for any bytes.
 */
import { CycleboxError } from '../base/index.js';
import { deepestNesting, elementTypes, innerMessages, type MessageKind } from './message-fields.js';
import { wireFields } from './wire-fields.js';

export interface ValueOutline {
  readonly name: string;
  /** `float32`, `uint8` …; `undefined` where the file does not say; `type 17` for those without a name here. */
  readonly element: string;
  /** A number, or the name of a symbolic size; undefined where the file leaves it open. Undefined as a whole when there is none. */
  readonly shape: readonly (number | string | undefined)[] | undefined;
}

export interface OnnxOutline {
  /** Without those that have a stored value. */
  readonly inputs: readonly ValueOutline[];
  readonly outputs: readonly ValueOutline[];
  readonly metadata: Readonly<Record<string, string>>;
  /** Of the standard operations. */
  readonly opset: number;
  /** Of all graphs, with what calls of the file's own functions expand to. */
  readonly nodes: number;
  /** Files that hold tensors of this one, as it names them: each once, in order. */
  readonly locations: readonly string[];
}

/**
 * Exported generators have some hundred nodes, the largest image networks a few thousand. ONNX Runtime takes seconds to
 * load 20 000 and minutes to load a million.
 */
export const mostNodes = 20_000;

/** @throws MODEL_INVALID naming `file` when the bytes are no ONNX model, or one with more than `mostNodes` nodes */
export function outlineOf(bytes: Uint8Array, file: string): OnnxOutline {
  try {
    const walk = new OutlineWalk(file);
    walk.visit('model', bytes, 0);
    return walk.result();
  } catch (error) {
    if (error instanceof CycleboxError) throw error;
    throw noModel(file, error);
  }
}

/** How often each operation, named by domain and type, is called in one body of nodes. */
type Calls = Map<string, number>;

class OutlineWalk {
  readonly #file: string;
  readonly #stored = new Set<string>();
  readonly #inputs: ValueOutline[] = [];
  readonly #outputs: ValueOutline[] = [];
  readonly #metadata: [string, string][] = [];
  readonly #locations = new Set<string>();
  readonly #functions = new Map<string, Calls>();
  #calls: Calls = new Map();
  #nodes = 0;
  #opset = 1;

  constructor(file: string) {
    this.#file = file;
  }

  visit(kind: MessageKind, message: Uint8Array, depth: number): void {
    if (depth > deepestNesting) throw new RangeError('its messages are nested too deeply');
    if (kind === 'node') this.#countNode(message);
    if (kind === 'tensor') this.#noteLocation(message);
    if (kind === 'model') this.#readModel(message);
    if (kind === 'graph' && depth === 1) this.#readGraph(message);
    if (kind === 'function') this.#visitFunction(message, depth);
    else this.#visitInner(kind, message, depth);
  }

  result(): OnnxOutline {
    const nodes = this.#expanded(this.#calls, new Set());
    if (nodes === 0) throw noModel(this.#file);
    if (nodes > mostNodes) throw tooManyNodes(this.#file, nodes);
    return {
      inputs: this.#inputs.filter(({ name }) => !this.#stored.has(name)),
      outputs: this.#outputs,
      metadata: Object.fromEntries(this.#metadata),
      opset: this.#opset,
      nodes,
      locations: [...this.#locations].sort(),
    };
  }

  #visitInner(kind: MessageKind, message: Uint8Array, depth: number): void {
    const inner = innerMessages[kind];
    for (const { number, content } of wireFields(message)) {
      const next = inner[number];
      if (next !== undefined && content) this.visit(next, content, depth + 1);
    }
  }

  /** A function's nodes count where it is called, and not where it stands. */
  #visitFunction(message: Uint8Array, depth: number): void {
    const before = this.#calls;
    this.#calls = new Map();
    this.#visitInner('function', message, depth);
    this.#functions.set(operationName(textsOf(message, 10), textsOf(message, 1)), this.#calls);
    this.#calls = before;
  }

  #countNode(message: Uint8Array): void {
    // Before all of them have been walked: this is where a file of too many is stopped.
    if (++this.#nodes > mostNodes) throw tooManyNodes(this.#file, undefined);
    const name = operationName(textsOf(message, 7), textsOf(message, 4));
    this.#calls.set(name, (this.#calls.get(name) ?? 0) + 1);
  }

  #noteLocation(message: Uint8Array): void {
    const entries = externalEntries(message);
    if (!entries) return;
    const location = entries.get('location');
    if (location === undefined) throw new RangeError('a tensor lies in another file, but it does not say in which');
    this.#locations.add(location);
  }

  #readModel(message: Uint8Array): void {
    for (const { number, content } of wireFields(message)) {
      if (!content) continue;
      if (number === 14) this.#metadata.push([lastText(content, 1), lastText(content, 2)]);
      if (number !== 8) continue;
      const domain = lastText(content, 1);
      if (domain === '' || domain === 'ai.onnx') this.#opset = lastNumber(content, 2);
    }
  }

  #readGraph(message: Uint8Array): void {
    for (const { number, content } of wireFields(message)) {
      if (!content) continue;
      if (number === 5) this.#stored.add(lastText(content, 8));
      if (number === 11) this.#inputs.push(outlinedValue(content));
      if (number === 12) this.#outputs.push(outlinedValue(content));
    }
  }

  #expanded(calls: Calls, within: Set<string>): number {
    let nodes = 0;
    for (const [name, count] of calls) {
      const body = this.#functions.get(name);
      if (body && within.has(name)) throw new RangeError(`its function ${name} calls itself`);
      within.add(name);
      nodes += count * (body ? 1 + this.#expanded(body, within) : 1);
      within.delete(name);
      // Functions that call functions grow beyond all bounds: no need to know how far.
      if (nodes > mostNodes) return nodes;
    }
    return nodes;
  }
}

/** What a tensor says of the file that holds its values; undefined for one that holds them itself. */
export function externalEntries(tensor: Uint8Array): ReadonlyMap<string, string> | undefined {
  let isElsewhere = false;
  const entries = new Map<string, string>();
  for (const { number, value, content } of wireFields(tensor)) {
    // EXTERNAL is 1; what is no number of the format is nothing to trust.
    if (number === 14) isElsewhere = value !== 0;
    if (number === 13 && content) entries.set(lastText(content, 1), lastText(content, 2));
  }
  return isElsewhere ? entries : undefined;
}

function operationName(domain: readonly string[], type: readonly string[]): string {
  return `${domain.at(-1) || 'ai.onnx'}.${type.at(-1) ?? ''}`;
}

function outlinedValue(message: Uint8Array): ValueOutline {
  const tensor = lastMessage(lastMessage(message, 2), 1);
  const type = lastNumber(tensor, 1);
  const shape = lastMessage(tensor, 2);
  const element = elementTypes[type] ?? `type ${type}`;
  return { name: lastText(message, 1), element, shape: shape && [...sizesOf(shape)] };
}

function* sizesOf(shape: Uint8Array): Generator<number | string | undefined> {
  for (const { number, content } of wireFields(shape)) {
    if (number !== 1 || !content) continue;
    const size = lastNumber(content, 1);
    // Some exporters write 0 or -1 for a size that is open.
    yield size > 0 && size < 2 ** 31 ? size : lastText(content, 2) || undefined;
  }
}

const text = new TextDecoder();

function textsOf(message: Uint8Array, wanted: number): string[] {
  return [...wireFields(message)].flatMap(({ number, content }) =>
    number === wanted && content ? [text.decode(content)] : [],
  );
}

function lastText(message: Uint8Array, wanted: number): string {
  return textsOf(message, wanted).at(-1) ?? '';
}

/** 0, as protobuf has it, where the field is missing. */
function lastNumber(message: Uint8Array | undefined, wanted: number): number {
  if (!message) return 0;
  return [...wireFields(message)].filter(({ number }) => number === wanted).at(-1)?.value ?? 0;
}

function lastMessage(message: Uint8Array | undefined, wanted: number): Uint8Array | undefined {
  if (!message) return undefined;
  return [...wireFields(message)].filter(({ number, content }) => number === wanted && content).at(-1)?.content;
}

function noModel(file: string, cause?: unknown): CycleboxError {
  return new CycleboxError('MODEL_INVALID', `${file} is not an ONNX model. Export or train it again.`, {
    subject: { file },
    cause,
  });
}

function tooManyNodes(file: string, nodes: number | undefined): CycleboxError {
  const count = nodes === undefined || nodes > 10 * mostNodes ? `more than ${mostNodes}` : String(nodes);
  return new CycleboxError(
    'MODEL_INVALID',
    `${file} has ${count} operations; ${mostNodes} is the most that is loaded. ` +
      'An image-to-image network has some hundred: export it without unrolled loops.',
    { subject: { file } },
  );
}
