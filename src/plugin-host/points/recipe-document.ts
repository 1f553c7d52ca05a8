/**
 * What a plugin's recipe returns, checked: its shape here, names against each other, and what the graph's language says of shapes
 * where it is built (`training/recipes/coded-recipe.ts`). Every fault is told with its place.
 */
import { z } from 'zod';
import type { RecipeDocument, RecipeNode } from '../../plugin-api/index.js';
import { words } from './fields.js';

/** More of any are no recipe that a person wrote. */
const most = { networks: 16, phases: 8, nodes: 2000 } as const;

const name = z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,63}$/, 'must be letters, digits and "_", such as "fakeB"');
const operand = z.union([name, z.number()], 'must be the name of a node, or a number');
const one = z.tuple([name]).readonly();
const two = z.tuple([name, name]).readonly();
const index = z.int('must be a whole number');

const unary = ['neg', 'abs', 'sign', 'exp', 'log', 'sqrt', 'square', 'tanh', 'sigmoid', 'softplus', 'relu'] as const;

const node = z.discriminatedUnion('op', [
  z.strictObject({ op: z.literal('apply'), network: name, of: one }),
  z.strictObject({ op: z.literal('augment'), of: one }),
  z.strictObject({ op: z.literal('detach'), of: one }),
  z.strictObject({ op: z.literal('earlier'), output: name, of: one }),
  z.strictObject({ op: z.enum(unary), of: one }),
  z.strictObject({ op: z.literal('leakyRelu'), slope: z.number().exactOptional(), of: one }),
  z.strictObject({ op: z.enum(['add', 'sub', 'mul', 'div']), of: z.tuple([operand, operand]).readonly() }),
  z.strictObject({ op: z.enum(['sum', 'mean']), axes: z.array(index).readonly().exactOptional(), of: one }),
  z.strictObject({
    op: z.enum(['meanAbsoluteError', 'meanSquaredError']),
    of: z.tuple([name, operand]).readonly(),
  }),
  z.strictObject({ op: z.literal('crossEntropy'), target: z.number().min(0).max(1), of: one }),
  z.strictObject({ op: z.literal('concat'), axis: index, of: z.array(name).min(2).readonly() }),
  z.strictObject({ op: z.literal('slice'), axis: index, start: index, stop: index.exactOptional(), of: one }),
  z.strictObject({ op: z.literal('generatorLoss'), of: one }),
  z.strictObject({ op: z.literal('discriminatorLoss'), of: two }),
  z.strictObject({ op: z.literal('gradientPenalty'), network: name, of: two }),
]) satisfies z.ZodType<RecipeNode>;

const network = z.strictObject({
  name,
  kind: z.enum(['generator', 'discriminator']),
  images: z.int().min(1).max(8).exactOptional(),
});

const phase = z.strictObject({
  name,
  optimiser: z.enum(['generator', 'discriminator']),
  trains: z.array(name).min(1, 'must name the networks that it trains').readonly(),
  nodes: z.record(name, node).refine(nodes => Object.keys(nodes).length <= most.nodes, `has more than ${most.nodes}`),
  losses: z.record(name, name).refine(losses => Object.keys(losses).length > 0, 'must have at least one'),
  outputs: z.record(name, name).exactOptional(),
});

const domain = z.union([z.literal(0), z.literal(1)], "must be 0 (the pair's first domain) or 1");

const recipeDocument = z
  .strictObject({
    summary: words,
    paired: z.boolean().exactOptional(),
    uses: z.array(words).readonly().exactOptional(),
    networks: z.array(network).min(1).max(most.networks).readonly(),
    phases: z.array(phase).min(1).max(most.phases).readonly(),
    pooled: z.array(name).readonly().exactOptional(),
    directions: z
      .array(z.strictObject({ network: name, from: domain, to: domain }))
      .min(1)
      .max(2)
      .readonly(),
  })
  .superRefine((document, context) => {
    for (const { path, message } of faultsOf(document)) context.addIssue({ code: 'custom', path: [...path], message });
  }) satisfies z.ZodType<RecipeDocument>;

/** What the schema lets through; a test holds it equal to the type that authors see. */
export type ParsedRecipe = z.infer<typeof recipeDocument>;

/** @throws RangeError with every fault and its place: `phases.0.nodes.fakeB.network: …` */
export function parseRecipe(returned: unknown): RecipeDocument {
  const { success, data, error } = recipeDocument.safeParse(returned);
  if (success) return data;
  const told = error.issues.slice(0, 5).map(({ path, message }) => `${path.join('.') || 'the recipe'}: ${message}`);
  throw new RangeError(told.join('; '));
}

interface Fault {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** What names must be there. */
function faultsOf({ networks, phases, pooled = [], directions }: z.infer<typeof recipeDocument>): readonly Fault[] {
  const kinds = new Map(networks.map(one => [one.name, one.kind]));
  const handedOn = new Set<string>();
  const faults: Fault[] = [];
  const need = (holds: boolean, path: Fault['path'], message: string) => void (holds || faults.push({ path, message }));
  need(kinds.size === networks.length, ['networks'], 'two have the same name');
  for (const [at, { trains, nodes, losses, outputs = {} }] of phases.entries()) {
    const path = (...rest: (string | number)[]) => ['phases', at, ...rest];
    for (const each of trains) need(kinds.has(each), path('trains'), `there is no network "${each}"`);
    const known = new Set(['a', 'b']);
    for (const [id, one] of Object.entries(nodes)) {
      need(!known.has(id), path('nodes', id), 'this name is taken');
      for (const each of one.of)
        need(typeof each === 'number' || known.has(each), path('nodes', id), `"${each}" is no earlier node`);
      if ('network' in one) need(kinds.has(one.network), path('nodes', id), `there is no network "${one.network}"`);
      if ('output' in one)
        need(handedOn.has(one.output), path('nodes', id), `no earlier phase hands on "${one.output}"`);
      known.add(id);
    }
    for (const [id, each] of Object.entries({ ...losses, ...outputs }))
      need(known.has(each), path(), `"${id}" is the node "${each}", which is not there`);
    for (const id of Object.keys(outputs)) handedOn.add(id);
  }
  for (const each of pooled) need(handedOn.has(each), ['pooled'], `no phase hands on "${each}"`);
  for (const [at, { network: id, from, to }] of directions.entries()) {
    need(kinds.get(id) === 'generator', ['directions', at], `there is no generator "${id}"`);
    need(from !== to, ['directions', at], 'must lead from one domain to the other');
  }
  return faults;
}
