/**
 * A pair whose models are a few bytes: they invert colours, which leads back by itself. It translates at once, so that a plugin can be
 * tried from the first minute; `cyclebox train` makes the models that take their place.
 */
import { createHash } from 'node:crypto';
import { type Graph, GraphBuilder, neg, symbol } from '../../graph/index.js';
import { encodeOnnx, metadataKeys } from '../../onnx/index.js';
import type { DomainPairContribution, ModelContribution } from '../../plugin-api/index.js';

export interface PlaceholderPair {
  readonly contribution: DomainPairContribution;
  readonly models: readonly (readonly [path: string, bytes: Uint8Array])[];
}

export function placeholderPair(id: string): PlaceholderPair {
  const domains = domainsOf(id);
  const [a, b] = domains;
  const toB = modelOf(id, a, b);
  const toA = modelOf(id, b, a);
  return {
    contribution: {
      id,
      title: `${titled(a)} ⇄ ${b}`,
      domains,
      models: { [b]: toB.contribution, [a]: toA.contribution },
    },
    models: [
      [toB.contribution.path, toB.bytes],
      [toA.contribution.path, toA.bytes],
    ],
  };
}

/** `cat-dog` is about cats and dogs; a name of one word or of many says nothing of the kind. */
function domainsOf(id: string): readonly [string, string] {
  const words = id.split('-');
  const [a, b] = words;
  return words.length === 2 && a !== undefined && b !== undefined && a !== b ? [a, b] : ['before', 'after'];
}

const titled = (word: string): string => `${word.charAt(0).toUpperCase()}${word.slice(1)}`;

function modelOf(
  pair: string,
  from: string,
  to: string,
): { readonly contribution: ModelContribution; readonly bytes: Uint8Array } {
  const { range, sizeMultiple } = metadataKeys;
  const names = { [metadataKeys.pair]: pair, [metadataKeys.from]: from, [metadataKeys.to]: to };
  const metadata = { ...names, [range]: '-1..1', [sizeMultiple]: '1' };
  const bytes = encodeOnnx(invertingGraph(), { name: `${from}-to-${to}`, metadata });
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const licence = { weights: 'MIT', data: 'no images: it inverts colours' };
  return { contribution: { path: `to-${to}.onnx`, sha256, size: bytes.length, licence }, bytes };
}

/** Input and output as all networks of cyclebox have them. */
function invertingGraph(): Graph {
  const builder = new GraphBuilder();
  const image = builder.input('image', [symbol('batch'), 3, symbol('height'), symbol('width')]);
  builder.output('translated', neg(image));
  return builder.build();
}
