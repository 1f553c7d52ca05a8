/**
 * What a training run is: `TrainingOptions` is what a user may write, `TrainingSettings` what the code reads, complete
 * and frozen. Settings go into every checkpoint and, without paths, into the exported models.
 */
import { resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { z } from 'zod';
import { CycleboxError } from '../base/index.js';
import type { DiscriminatorSpec, GeneratorSpec, Norm } from '../nets/index.js';
import type { RecipeDocument } from '../plugin-api/index.js';
import type { DataSettings } from './data/index.js';
import { type TrainingOptions, trainingOptionsSchema } from './options.js';
import { givenOf, optionFault, parseOptions } from './parse-options.js';
import {
  adamDefaults,
  codedRecipe,
  type Recipe,
  type RecipeId,
  type RecipeOption,
  type RecipeSettings,
  recipeIds,
  recipes,
} from './recipes/index.js';

type Parsed = z.output<typeof trainingOptionsSchema>;
type Settled =
  | 'domains'
  | 'sizes'
  | 'loadSize'
  | 'discriminatorWidth'
  | 'discriminatorNorm'
  | 'discriminatorRate'
  | 'warmStart'
  | 'recipeGraph';

/** As the options, complete; `steps` 0 stands for 200 passes, until the folders have been counted. */
export type TrainingSettings = Readonly<
  Omit<Parsed, Settled> & {
    domains: readonly [string, string];
    /** Of the stages, in order; the last one is `size`. */
    sizes: readonly number[];
    /** For crops of `size`; in other stages in proportion. */
    loadSize: number;
    discriminatorWidth: number;
    discriminatorNorm: Norm;
    discriminatorRate: number;
    /** Absolute path; undefined when the weights were drawn. */
    warmStart: string | undefined;
    /** Of a plugin's recipe. */
    recipeGraph?: RecipeDocument | undefined;
  }
>;

/** @throws USAGE naming the option, its value and what is allowed. */
export function resolveTrainingSettings(options: TrainingOptions): TrainingSettings {
  const settings = completed(options);
  refuseUnused(settings, options);
  return settings;
}

function completed(options: TrainingOptions): TrainingSettings {
  const parsed = parseOptions(trainingOptionsSchema, options);
  const size = parsed.sizes?.at(-1) ?? parsed.size;
  const settings: TrainingSettings = {
    ...parsed,
    size,
    sizes: parsed.sizes ?? [size],
    loadSize: parsed.loadSize ?? Math.round((size * 286) / 256),
    discriminatorWidth: parsed.discriminatorWidth ?? parsed.width,
    discriminatorNorm: parsed.discriminatorNorm ?? discriminatorNormBeside(parsed),
    discriminatorRate: parsed.discriminatorRate ?? parsed.learningRate,
    domains: parsed.domains ?? domainsOf(parsed.pair),
    a: resolve(parsed.a),
    b: resolve(parsed.b),
    out: resolve(parsed.out),
    warmStart: parsed.warmStart === undefined ? undefined : resolve(parsed.warmStart),
  };
  validate(settings);
  return Object.freeze(settings);
}

/** What may be another in a run that goes on. */
const changeableOnResume: readonly string[] = [
  'a',
  'b',
  'out',
  'warmStart',
  'steps',
] satisfies readonly (keyof TrainingSettings)[];

/**
 * Settings of a run that goes on: those it began with, and perhaps other steps in all. Folders may have moved.
 * @throws USAGE for an option that would make it another run, or that has no such value
 */
export function resumedSettings(began: TrainingSettings, options: Partial<TrainingOptions>): TrainingSettings {
  const given = givenOf(options);
  parseOptions(trainingOptionsSchema.partial(), given);
  const asked = completed({ ...began, ...given });
  const moved: Record<string, unknown> = { out: asked.out, steps: asked.steps || began.steps };
  for (const name of Object.keys(given) as (keyof TrainingSettings)[]) {
    if (changeableOnResume.includes(name)) moved[name] ??= asked[name];
    else if (!isDeepStrictEqual(began[name], asked[name])) {
      throw optionFault(name, given[name], `${String(began[name])}, as the run began`);
    }
  }
  return Object.freeze({ ...began, ...moved });
}

/** @throws USAGE for one of a plugin that nobody has asked the plugin for */
export function recipeOf({ recipe, recipeGraph }: Pick<TrainingSettings, 'recipe' | 'recipeGraph'>): Recipe {
  if (isOwnRecipe(recipe)) return recipes[recipe];
  if (recipeGraph === undefined)
    throw new CycleboxError('USAGE', `The recipe ${recipe} is of a plugin, which was not asked for its graph.`);
  const known = codedRecipes.get(recipeGraph) ?? codedRecipe(recipe, recipeGraph);
  codedRecipes.set(recipeGraph, known);
  return known;
}

const isOwnRecipe = (name: string): name is RecipeId => Object.hasOwn(recipes, name);

/** Made once of each graph, since much asks for it. */
const codedRecipes = new WeakMap<RecipeDocument, Recipe>();

/** What a plugin's recipe is told of a training before there is a recipe: the settings, without folders. @throws USAGE */
export function settingsForPlugin(options: TrainingOptions): {
  readonly told: Readonly<Record<string, unknown>>;
  readonly networks: RecipeSettings;
} {
  const settings = completed(options);
  const { a: _a, b: _b, out: _out, warmStart: _w, recipeGraph: _g, ...told } = settings;
  return { told, networks: recipeSettings(settings) };
}

/** What of the settings decides about the data, in a stage of these sizes. */
export function dataSettings(
  settings: TrainingSettings,
  stage: { readonly size: number; readonly loadSize: number } = settings,
): DataSettings {
  const { a, b, pairing, preprocess, flip, batch, accumulate, seed, sizes, size: last, loadSize } = settings;
  return {
    a,
    b,
    pairing: recipeOf(settings).paired ? pairing : 'none',
    preprocess,
    size: stage.size,
    loadSize: stage.loadSize,
    flip,
    batch,
    accumulate,
    stages: sizes.map(size => ({ size, loadSize: Math.round((loadSize * size) / last) })),
    seed,
  };
}

/** @param size of the crops; default: that of the last stage */
export function recipeSettings(settings: TrainingSettings, size = settings.size): RecipeSettings {
  const { batch, loss, cycleWeight, identityWeight, reconstructionWeight, contrastWeight, contrastIdentity } = settings;
  const { penaltyWeight, augment } = settings;
  return {
    generator: generatorSpec(settings),
    discriminator: discriminatorSpec(settings),
    batch,
    size,
    loss,
    cycleWeight,
    identityWeight,
    reconstructionWeight,
    contrastWeight,
    contrastIdentity,
    penaltyWeight,
    augment,
    adam: adamDefaults,
  };
}

/** Choices that are the reference's are left out, as in its files. */
function generatorSpec({ generator, width, blocks, upsample, norm, sizes }: TrainingSettings): GeneratorSpec {
  const channels = { width, inputChannels: 3, outputChannels: 3, dropout: false } as const;
  const choices = { ...(upsample !== 'transpose' && { upsample }), ...(norm !== 'instance' && { norm }) };
  if (generator === 'resnet') return { kind: 'resnet', blocks, ...channels, ...choices };
  return { kind: 'unet', levels: unetLevels(sizes), ...channels, ...choices };
}

/** Halvings down to one pixel of the smallest crops, at most the reference's eight. */
function unetLevels(sizes: readonly number[]): number {
  const halvings = (size: number) => Math.log2(size & -size);
  return Math.min(8, ...sizes.map(halvings));
}

/**
 * Where generators keep the channels' means by groups, discriminators have to see them, too: instance normalisation would hide from
 * them how much of an image is sea. A penalty on gradients wants no normalisation at all (Gulrajani et al. 2017).
 */
function discriminatorNormBeside({ loss, norm }: Pick<TrainingSettings, 'loss' | 'norm'>): Norm {
  if (loss === 'wgan-gp') return 'none';
  return norm === 'group' ? 'group' : 'instance';
}

function discriminatorSpec(settings: TrainingSettings): DiscriminatorSpec {
  const { discriminator: kind, discriminatorWidth: width, discriminatorLayers: layers } = settings;
  const { discriminatorNorm: norm, discriminatorDownsample: downsample } = settings;
  const common = { width, inputChannels: 3, ...(norm !== 'instance' && { norm }) } as const;
  if (kind === 'pixel') return { kind, ...common };
  return { kind, layers, ...common, ...(downsample !== 'stride' && { downsample }) };
}

function domainsOf(pair: string): readonly [string, string] {
  const parts = pair.split('-');
  if (parts.length === 2) return [parts[0]!, parts[1]!];
  throw optionFault('domains', 'missing', `two names, since they cannot be read off "${pair}"`);
}

const someRecipesOnly: readonly RecipeOption[] = [
  ...new Set(Object.values<Recipe>(recipes).flatMap(({ uses }) => uses)),
];

/** An option that nothing uses would do nothing without a word. */
function refuseUnused(settings: TrainingSettings, given: TrainingOptions): void {
  const { recipe, loss, generator, discriminator } = settings;
  const needs = (name: keyof TrainingOptions, met: boolean, needed: string) => {
    if (given[name] !== undefined && !met) throw optionFault(name, given[name], needed);
  };
  for (const name of someRecipesOnly) {
    const users = recipeIds.filter(id => (recipes[id].uses as readonly RecipeOption[]).includes(name));
    needs(name, recipeOf(settings).uses.includes(name), `with ${users.join(', ')}; ${recipe} does not use it`);
  }
  needs('penaltyWeight', loss === 'wgan-gp', 'with the loss wgan-gp');
  needs('blocks', generator === 'resnet', 'with the generator resnet');
  needs('discriminatorLayers', discriminator !== 'pixel', 'with the discriminators patch and image');
  needs('discriminatorDownsample', discriminator !== 'pixel', 'with the discriminators patch and image');
}

/** What holds between options. */
function validate(settings: TrainingSettings): void {
  const { domains, size, sizes, loadSize, generator, loss, discriminatorNorm } = settings;
  if (generator === 'unet' && unetLevels(sizes) < 5) {
    throw optionFault('size', sizes.join(','), 'a multiple of 32 for a unet, which halves five times at least');
  }
  if (loss === 'wgan-gp' && discriminatorNorm === 'batch') {
    throw optionFault(
      'discriminatorNorm',
      'batch',
      'instance, group or none with wgan-gp, which judges each image alone',
    );
  }
  if (domains[0] === domains[1]) throw optionFault('domains', domains.join(','), 'two different lower-case names');
  if (loadSize !== 0 && loadSize < size)
    throw optionFault('loadSize', loadSize, `at least the crop size ${size}, or 0`);
  if (sizes.some((side, stage) => stage > 0 && side <= sizes[stage - 1]!)) {
    throw optionFault('sizes', sizes.join(','), 'sides that grow, such as 64,128');
  }
}
