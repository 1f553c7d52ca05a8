/**
 * A recipe of a plugin, which is data, as a recipe like those of this folder: its nodes become tensors of the same graphs, so that
 * everything behind it is the same. What it shows in sample sheets follows from its directions.
 */
import { didYouMean } from '../../base/index.js';
import type { RecipeDocument, RecipePhase } from '../../plugin-api/index.js';
import { parseRecipe } from '../../plugin-host/index.js';
import { buildPhase } from './phase-graph.js';
import {
  type Direction,
  discriminatorOptions,
  type Phase,
  type PhaseContext,
  type Preview,
  type Recipe,
  type RecipeOption,
  type RecipeSettings,
  recipeOptions,
  type SampleColumn,
} from './recipe.js';
import { namedNodes, scalarNode } from './recipe-nodes.js';

/** One that `parseRecipe` has let through. @param id as it was asked for: `PLUGIN/ID` */
export function codedRecipe(id: string, document: RecipeDocument): Recipe {
  const { summary, paired = false, networks, phases, pooled = [], directions } = document;
  return {
    id,
    summary,
    paired,
    uses: usesOf(document),
    networks: ({ generator, discriminator }) =>
      networks.map(({ name, kind, images = 1 }) => ({
        name,
        spec:
          kind === 'generator'
            ? generator
            : { ...discriminator, inputChannels: images === 1 ? discriminator.inputChannels : 3 * images },
      })),
    phases: phases.map(codedPhase),
    pooled,
    directions,
    columns: columnsOf(directions, paired),
    preview: previewOf(directions),
  };
}

/**
 * What a plugin's code returned, as a recipe that can be trained with these settings: every graph of it has been built once.
 * @throws RangeError with what is wrong, and where
 */
export function checkedRecipe(id: string, returned: unknown, settings: RecipeSettings): RecipeDocument {
  const document = parseRecipe(returned);
  requireOptions(document.uses ?? []);
  const recipe = codedRecipe(id, document);
  for (const phase of recipe.phases) buildPhase(recipe, phase, settings);
  return document;
}

/** What its networks and nodes make use of; of the rest, what it says. */
function usesOf({ uses = [], paired, networks, phases, pooled = [] }: RecipeDocument): readonly RecipeOption[] {
  const ops = new Set(phases.flatMap(({ nodes }) => Object.values(nodes).map(({ op }) => op)));
  const judged = networks.some(({ kind }) => kind === 'discriminator');
  return [
    ...recipeOptions.filter(name => uses.includes(name)),
    ...(judged ? discriminatorOptions : []),
    ...(ops.has('generatorLoss') || ops.has('discriminatorLoss') ? (['loss'] as const) : []),
    ...(ops.has('gradientPenalty') ? (['penaltyWeight'] as const) : []),
    ...(ops.has('augment') ? (['augment'] as const) : []),
    ...(pooled.length > 0 ? (['poolSize'] as const) : []),
    ...(paired ? (['pairing'] as const) : []),
  ];
}

/** @throws RangeError for a name that is no option */
function requireOptions(uses: readonly string[]): void {
  for (const name of uses) {
    if ((recipeOptions as readonly string[]).includes(name)) continue;
    throw new RangeError(`uses: "${name}" is no option of recipes.${didYouMean(name, recipeOptions)}`);
  }
}

function codedPhase({ name, optimiser, trains, nodes, losses, outputs = {} }: RecipePhase): Phase {
  return {
    name,
    optimiser,
    trains,
    build: (context: PhaseContext) => {
      const tensors = namedNodes(nodes, context, `phase ${name}`);
      const picked = <T>(names: Readonly<Record<string, string>>, pick: (node: string, shown: string) => T) =>
        Object.fromEntries(Object.entries(names).map(([shown, node]) => [shown, pick(node, shown)]));
      return {
        losses: picked(losses, node => scalarNode(tensors.get(node)!, `phase ${name}, loss ${node}`)),
        outputs: picked(outputs, node => tensors.get(node)!),
      };
    },
  };
}

const letters = ['A', 'B'] as const;

/** Each image, its translation, and where both directions are there what is left of it on the way back. */
function columnsOf(directions: readonly Direction[], paired: boolean): readonly SampleColumn[] {
  const both = directions.length === 2;
  const columns = directions.flatMap(({ from, to }) => [
    { key: letters[from], title: letters[from] },
    { key: `fake${letters[to]}`, title: `${letters[from]} → ${letters[to]}` },
    ...(both
      ? [{ key: `recovered${letters[from]}`, title: `${letters[from]} → ${letters[to]} → ${letters[from]}` }]
      : []),
  ]);
  const [only] = directions;
  return paired && !both && only ? [...columns, { key: letters[only.to], title: letters[only.to] }] : columns;
}

function previewOf(directions: readonly Direction[]): Preview {
  return ({ a, b, apply }) =>
    Object.fromEntries(
      directions.flatMap(({ network, from, to }) => {
        const fake = apply(network, [a, b][from]!);
        const back = directions.find(other => other.from === to && other.to === from);
        const made = [`fake${letters[to]}`, fake] as const;
        return back ? [made, [`recovered${letters[from]}`, apply(back.network, fake)] as const] : [made];
      }),
    );
}
