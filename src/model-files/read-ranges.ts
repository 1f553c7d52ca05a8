/**
 * What a network's own operations say of the values that it takes and gives: the activation and the arithmetic at its end,
 * and the arithmetic at its beginning. Read, not run; undefined where they say nothing.
 */
import type { ImageRange, OnnxNetwork } from '../onnx/index.js';

type OnnxNode = OnnxNetwork['nodes'][number];

/** What the network computes with does not move values. */
const passing: ReadonlySet<string> = new Set([
  'Identity',
  'Cast',
  'Transpose',
  'Reshape',
  'Squeeze',
  'Unsqueeze',
  'Slice',
]);

/** `factor · x + summand` */
interface Affine {
  readonly factor: number;
  readonly summand: number;
}

const unchanged: Affine = { factor: 1, summand: 0 };

/** Of the output: its last activation, and what is made of that. */
export function outputRangeOf(network: OnnxNetwork): ImageRange | undefined {
  const makers = new Map(network.nodes.flatMap(node => node.outputs.map(name => [name, node] as const)));
  let after = unchanged;
  for (let name = network.outputs[0]?.name; name !== undefined; ) {
    const node = makers.get(name);
    if (!node) return undefined;
    const bounds = boundsOf(node, network);
    if (bounds) return nearestRange(bounds.map(value => value * after.factor + after.summand));
    const step = passing.has(node.op) ? { next: node.inputs[0]!, map: unchanged } : arithmetic(node, network);
    if (!step) return undefined;
    after = composed(step.map, after);
    name = step.next;
  }
  return undefined;
}

/** Of the input: what arithmetic makes of it before anything else. */
export function inputRangeOf(network: OnnxNetwork): ImageRange | undefined {
  let map = unchanged;
  for (let name = network.inputs[0]?.name; name !== undefined; ) {
    const readers = network.nodes.filter(({ inputs }) => inputs.includes(name!));
    const [node] = readers;
    if (!node || readers.length > 1) break;
    const step = passing.has(node.op) ? { map: unchanged } : arithmetic(node, network);
    if (!step) break;
    map = composed(map, step.map);
    name = node.outputs[0];
  }
  if (map === unchanged || map.factor === 0 || (map.factor === 1 && map.summand === 0)) return undefined;
  // Networks work on -1..1 or 0..1: which bytes or fractions become one of these?
  const fits = (low: number, high: number) => {
    const [a, b] = [low, high].map(value => value * map.factor + map.summand) as [number, number];
    return isNear([a, b], [-1, 1]) || isNear([a, b], [0, 1]);
  };
  if (fits(0, 255)) return '0..255';
  return fits(0, 1) ? '0..1' : undefined;
}

/** What values an operation's results lie between. */
function boundsOf(node: OnnxNode, { constants }: OnnxNetwork): readonly [number, number] | undefined {
  switch (node.op) {
    case 'Tanh':
      return [-1, 1];
    case 'Sigmoid':
      return [0, 1];
    case 'Clip': {
      const bound = (at: number, name: string) =>
        singleOf(node.inputs[at], constants) ?? (node.attributes[name] as number | undefined);
      const [low, high] = [bound(1, 'min'), bound(2, 'max')];
      return low === undefined || high === undefined ? undefined : [low, high];
    }
    default:
      return undefined;
  }
}

interface Step {
  /** The input that is computed. */
  readonly next: string;
  readonly map: Affine;
}

/** Of an operation with a single number. */
function arithmetic({ op, inputs: [a, b] }: OnnxNode, { constants }: OnnxNetwork): Step | undefined {
  const [left, right] = [singleOf(a, constants), singleOf(b, constants)];
  if (left !== undefined && b !== undefined) {
    if (op === 'Add') return { next: b, map: { factor: 1, summand: left } };
    if (op === 'Mul') return { next: b, map: { factor: left, summand: 0 } };
    if (op === 'Sub') return { next: b, map: { factor: -1, summand: left } };
  }
  if (right === undefined || a === undefined) return undefined;
  if (op === 'Add') return { next: a, map: { factor: 1, summand: right } };
  if (op === 'Sub') return { next: a, map: { factor: 1, summand: -right } };
  if (op === 'Mul') return { next: a, map: { factor: right, summand: 0 } };
  return op === 'Div' && right !== 0 ? { next: a, map: { factor: 1 / right, summand: 0 } } : undefined;
}

/** The one number of a constant, also where it is repeated for each channel. */
function singleOf(name: string | undefined, constants: OnnxNetwork['constants']): number | undefined {
  const constant = name === undefined ? undefined : constants.get(name);
  if (!constant?.float || constant.data.length === 0 || constant.data.length > 4) return undefined;
  const [first] = Array.from(constant.data);
  return Array.from(constant.data).every(value => value === first) ? first : undefined;
}

/** First `before`, then `then`. */
function composed(before: Affine, then: Affine): Affine {
  return { factor: before.factor * then.factor, summand: before.summand * then.factor + then.summand };
}

const bounds: Readonly<Record<ImageRange, readonly [number, number]>> = {
  '-1..1': [-1, 1],
  '0..1': [0, 1],
  '0..255': [0, 255],
};

/** Tanh · 150 + 127.5, as some write, reaches over 0..255 by a sixth of it. */
function nearestRange(values: readonly number[]): ImageRange | undefined {
  const found = [Math.min(...values), Math.max(...values)] as const;
  return (Object.keys(bounds) as ImageRange[]).find(range => isNear(found, bounds[range], 0.2));
}

function isNear([a, b]: readonly [number, number], [low, high]: readonly [number, number], slack = 0.02): boolean {
  const reach = slack * (high - low);
  return Math.abs(a - low) <= reach && Math.abs(b - high) <= reach;
}
