/**
 * The nodes of a GraphModel as plain data: names without TensorFlow's marks, attributes read on demand, constants with their
 * numbers. What an operation means is not known here.
 */
import { z } from 'zod';
import type { CycleboxError } from '../../base/index.js';
import type { TensorFlowFiles, TensorFlowWeight } from './manifest.js';

const attribute = z.looseObject({});
const nodeSchema = z.looseObject({
  name: z.string(),
  op: z.string(),
  input: z.array(z.string()).optional(),
  attr: z.record(z.string(), attribute).optional(),
});
const topologySchema = z.looseObject({ node: z.array(nodeSchema).min(1) });

export type Fail = (why: string) => CycleboxError;

export class GraphNode {
  readonly name: string;
  readonly op: string;
  /** Names of nodes; those that only order execution are left out. */
  readonly inputs: readonly string[];
  readonly #attributes: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly #fail: Fail;

  constructor({ name, op, input = [], attr = {} }: z.infer<typeof nodeSchema>, fail: Fail) {
    this.name = name;
    this.op = op;
    this.inputs = input.filter(each => !each.startsWith('^')).map(each => each.replace(/:0$/, ''));
    this.#attributes = attr;
    this.#fail = fail;
  }

  refuse(why: string): CycleboxError {
    return this.#fail(`its operation ${this.name} (${this.op}) ${why}`);
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#attributes, name);
  }

  integer(name: string, otherwise: number): number {
    const value = this.#of(name)['i'];
    return value === undefined ? otherwise : Number(value);
  }

  float(name: string, otherwise: number): number {
    const value = this.#of(name)['f'];
    return value === undefined ? otherwise : Number(value);
  }

  flag(name: string): boolean {
    return this.#of(name)['b'] === true;
  }

  /** Bytes of text, which JSON holds in base64 or as a list. */
  text(name: string, otherwise: string): string {
    const value = this.#of(name)['s'];
    return value === undefined ? otherwise : textOf(value);
  }

  type(name: string): string {
    return String(this.#of(name)['type'] ?? '');
  }

  integers(name: string): readonly number[] {
    return this.#list(name, 'i').map(Number);
  }

  texts(name: string): readonly string[] {
    return this.#list(name, 's').map(textOf);
  }

  #list(name: string, key: string): readonly unknown[] {
    const list = this.#of(name)['list'] as Readonly<Record<string, unknown>> | undefined;
    const values = list?.[key];
    return Array.isArray(values) ? values : [];
  }

  /** Of a Placeholder; −1 and what is missing are open. */
  shape(): readonly (number | undefined)[] | undefined {
    const shape = this.#of('shape')['shape'] as { readonly dim?: unknown } | undefined;
    if (!Array.isArray(shape?.dim)) return undefined;
    return shape.dim.map(({ size }: { readonly size?: unknown }) => (Number(size) > 0 ? Number(size) : undefined));
  }

  #of(name: string): Readonly<Record<string, unknown>> {
    return this.#attributes[name] ?? {};
  }
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return Buffer.from(value as number[]).toString('utf8');
  return Buffer.from(String(value), 'base64').toString('utf8');
}

export interface GraphTopology {
  readonly nodes: ReadonlyMap<string, GraphNode>;
  /** Of `Const` nodes. */
  readonly constants: ReadonlyMap<string, TensorFlowWeight>;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** @throws CycleboxError MODEL_INVALID */
export function readTopology({ topology, weights, signature }: TensorFlowFiles, fail: Fail): GraphTopology {
  const parsed = topologySchema.safeParse(topology);
  if (!parsed.success) throw fail('its graph has no nodes');
  const all = parsed.data.node.map(node => new GraphNode(node, fail));
  const nodes = new Map(all.map(node => [node.name, node]));
  const constants = new Map<string, TensorFlowWeight>();
  for (const { name, op } of all) {
    if (op !== 'Const') continue;
    const stored = weights.get(name);
    if (!stored) throw fail(`its constant ${name} has no values among the weights`);
    constants.set(name, stored);
  }
  const read = new Set(all.flatMap(({ inputs }) => inputs));
  const named = namesIn(signature, 'outputs');
  const last = all.filter(({ name, op }) => !read.has(name) && op !== 'NoOp' && op !== 'Const').map(({ name }) => name);
  return {
    nodes,
    constants,
    inputs: all.filter(({ op }) => op === 'Placeholder').map(({ name }) => name),
    outputs: named.length > 0 ? named : last,
  };
}

function namesIn(signature: unknown, key: 'outputs'): readonly string[] {
  const values = (signature as Readonly<Record<string, unknown>> | null | undefined)?.[key];
  if (typeof values !== 'object' || values === null) return [];
  return Object.values(values).map(value => String((value as { readonly name?: unknown }).name).replace(/:0$/, ''));
}
