/**
 * What a training run is: `TrainingOptions` is what a user may write, `TrainingSettings` what the code reads, complete
 * and frozen. Settings go into every checkpoint and, without paths, into the exported models.
 */
import { resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { z } from 'zod';
import { CycleboxError, didYouMean } from '../base/index.js';
import type { DiscriminatorSpec, GeneratorSpec } from '../nets/index.js';
import { type TrainingOptions, trainingOptionsSchema } from './options.js';
import { adamDefaults, type Recipe, type RecipeSettings, recipes } from './recipes/index.js';

type Parsed = z.output<typeof trainingOptionsSchema>;
type Settled = 'domains' | 'sizes' | 'loadSize' | 'discriminatorWidth' | 'discriminatorRate' | 'warmStart';

/** As the options, complete; `steps` 0 stands for 200 passes, until the folders have been counted. */
export type TrainingSettings = Readonly<
  Omit<Parsed, Settled> & {
    domains: readonly [string, string];
    /** Of the stages, in order; the last one is `size`. */
    sizes: readonly number[];
    /** For crops of `size`; in other stages in proportion. */
    loadSize: number;
    discriminatorWidth: number;
    discriminatorRate: number;
    /** Absolute path; undefined when the weights were drawn. */
    warmStart: string | undefined;
  }
>;

/** @throws USAGE naming the option, its value and what is allowed. */
export function resolveTrainingSettings(options: TrainingOptions): TrainingSettings {
  const parsed = parse(options);
  const size = parsed.sizes?.at(-1) ?? parsed.size;
  const settings: TrainingSettings = {
    ...parsed,
    size,
    sizes: parsed.sizes ?? [size],
    loadSize: parsed.loadSize ?? Math.round((size * 286) / 256),
    discriminatorWidth: parsed.discriminatorWidth ?? parsed.width,
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

const folders = ['a', 'b', 'warmStart'] as const;

/**
 * Settings of a run that goes on: those it began with, and perhaps other steps in all. Folders may have moved.
 * @throws USAGE for an option that would make it another run
 */
export function resumedSettings(
  began: TrainingSettings,
  { out, steps = began.steps, ...given }: Partial<TrainingOptions>,
): TrainingSettings {
  const moved: Record<string, string> = { out: resolve(out ?? began.out) };
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    if ((folders as readonly string[]).includes(name)) moved[name] = resolve(String(value));
    else if (!isDeepStrictEqual(began[name as keyof TrainingSettings], value)) {
      throw usage(name, value, `${String(began[name as keyof TrainingSettings])}, as the run began`);
    }
  }
  return Object.freeze({ ...began, ...moved, steps });
}

export function recipeOf(settings: Pick<TrainingSettings, 'recipe'>): Recipe {
  return recipes[settings.recipe];
}

/** @param size of the crops; default: that of the last stage */
export function recipeSettings(settings: TrainingSettings, size = settings.size): RecipeSettings {
  const { batch, loss, cycleWeight, identityWeight } = settings;
  return {
    generator: generatorSpec(settings),
    discriminator: discriminatorSpec(settings),
    batch,
    size,
    loss,
    cycleWeight,
    identityWeight,
    adam: adamDefaults,
  };
}

function generatorSpec({ width, blocks, upsample }: TrainingSettings): GeneratorSpec {
  const spec = { kind: 'resnet', blocks, width, inputChannels: 3, outputChannels: 3, dropout: false } as const;
  return upsample === 'transpose' ? spec : { ...spec, upsample };
}

function discriminatorSpec({ discriminatorWidth: width, discriminatorLayers: layers }: TrainingSettings) {
  return { kind: 'patch', layers, width, inputChannels: 3 } satisfies DiscriminatorSpec;
}

function parse(options: TrainingOptions): Parsed {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const { data, error } = trainingOptionsSchema.safeParse(given);
  if (data) return data;
  const issue = error.issues[0]!;
  if (issue.code === 'unrecognized_keys') throw unknownOption(issue.keys[0]!);
  const [name] = issue.path as [string];
  throw usage(name, given[name] ?? 'missing', issue.message);
}

function unknownOption(name: string): CycleboxError {
  const hint = didYouMean(name, Object.keys(trainingOptionsSchema.shape));
  return new CycleboxError('USAGE', `There is no training option "${name}".${hint}`);
}

function domainsOf(pair: string): readonly [string, string] {
  const parts = pair.split('-');
  if (parts.length === 2) return [parts[0]!, parts[1]!];
  throw usage('domains', 'missing', `two names, since they cannot be read off "${pair}"`);
}

/** What holds between options. */
function validate({ domains, size, sizes, loadSize }: TrainingSettings): void {
  if (domains[0] === domains[1]) throw usage('domains', domains.join(','), 'two different lower-case names');
  if (loadSize !== 0 && loadSize < size) throw usage('loadSize', loadSize, `at least the crop size ${size}, or 0`);
  if (sizes.some((side, stage) => stage > 0 && side <= sizes[stage - 1]!)) {
    throw usage('sizes', sizes.join(','), 'sides that grow, such as 64,128');
  }
}

function usage(name: string, value: unknown, allowed: string): CycleboxError {
  return new CycleboxError('USAGE', `Training option ${name} is ${String(value)}; allowed: ${allowed}.`);
}
