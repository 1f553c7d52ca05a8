/**
 * What a training run is: `TrainingOptions` is what a user may write, `TrainingSettings` what the code reads, complete
 * and frozen. Settings go into every checkpoint and, without paths, into the exported models.
 */
import { resolve } from 'node:path';
import { CycleboxError, idPattern } from '../base/index.js';
import type { DiscriminatorSpec, GeneratorSpec } from '../nets/index.js';
import { adamDefaults } from './recipes/adam.js';
import type { CycleGanSpec } from './recipes/cyclegan-step.js';
import { type AdversarialLoss, adversarialLosses } from './recipes/losses.js';

export interface TrainingOptions {
  /** The pair's id, such as `satellite-map`. */
  readonly pair: string;
  /** Folder with images of the first domain, and of the second. */
  readonly a: string;
  readonly b: string;
  /** Folder for checkpoints, samples and the finished plugin. */
  readonly out: string;
  /** Names of the two domains; default: the pair's id split at its only hyphen. */
  readonly domains?: readonly [string, string];
  /** Side of the training crops in pixels, a multiple of 4; default 256. */
  readonly size?: number;
  /** The shorter side an image is scaled to before cropping; 0: not scaled. Default size · 286/256. */
  readonly loadSize?: number;
  /** Mirror half of the crops left to right; default true. */
  readonly flip?: boolean;
  /** Channels of the generators' first layer; default 64. */
  readonly width?: number;
  /** Residual blocks; default 9. */
  readonly blocks?: number;
  /** Channels of the discriminators' first layer; default: the generators' width. */
  readonly discriminatorWidth?: number;
  /** Images of each domain per step; default 1. */
  readonly batch?: number;
  /** Steps in all; default 200 passes over the larger folder. */
  readonly steps?: number;
  /** Adam's rate for the first half; then it falls linearly to 0. Default 0.0002. */
  readonly learningRate?: number;
  readonly loss?: AdversarialLoss;
  /** Weight of the cycle losses; default 10. */
  readonly cycleWeight?: number;
  /** Absolute weight of the identity losses; default 5, 0 leaves them out. */
  readonly identityWeight?: number;
  /** Fakes kept for the discriminators, per domain; default 50, 0 switches the pool off. */
  readonly poolSize?: number;
  /** Everything random follows from it; default 1. */
  readonly seed?: number;
}

/** As the options, complete; `steps` 0 stands for 200 passes, until the folders have been counted. */
export type TrainingSettings = Readonly<Required<TrainingOptions>>;

const defaults = {
  size: 256,
  flip: true,
  width: 64,
  blocks: 9,
  batch: 1,
  steps: 0,
  learningRate: 2e-4,
  loss: 'lsgan',
  cycleWeight: 10,
  identityWeight: 5,
  poolSize: 50,
  seed: 1,
} as const;

/** @throws USAGE naming the option, its value and what is allowed. */
export function resolveTrainingSettings(options: TrainingOptions): TrainingSettings {
  const size = options.size ?? defaults.size;
  const width = options.width ?? defaults.width;
  const settings = {
    ...defaults,
    loadSize: Math.round((size * 286) / 256),
    discriminatorWidth: width,
    ...given(options),
    domains: options.domains ?? domainsOf(options.pair),
    a: resolve(options.a),
    b: resolve(options.b),
    out: resolve(options.out),
  } as TrainingSettings;
  validate(settings);
  return Object.freeze(settings);
}

export function cycleGanSpec(settings: TrainingSettings): CycleGanSpec {
  return {
    generator: generatorSpec(settings),
    discriminator: discriminatorSpec(settings),
    batch: settings.batch,
    size: settings.size,
    loss: settings.loss,
    cycleWeight: settings.cycleWeight,
    identityWeight: settings.identityWeight,
    adam: adamDefaults,
  };
}

function generatorSpec({ width, blocks }: TrainingSettings): GeneratorSpec {
  return { kind: 'resnet', blocks, width, inputChannels: 3, outputChannels: 3, dropout: false };
}

function discriminatorSpec({ discriminatorWidth: width }: TrainingSettings): DiscriminatorSpec {
  return { kind: 'patch', layers: 3, width, inputChannels: 3 };
}

function given(options: TrainingOptions): Partial<TrainingOptions> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function domainsOf(pair: string): readonly [string, string] {
  const parts = pair.split('-');
  if (parts.length === 2) return [parts[0]!, parts[1]!];
  throw usage('domains', 'missing', `two names, since they cannot be read off "${pair}"`);
}

function validate(settings: TrainingSettings): void {
  const { pair, domains, size, loadSize, loss } = settings;
  if (!idPattern.test(pair)) throw usage('pair', pair, 'lower-case words joined by hyphens, such as satellite-map');
  if (!domains.every(name => idPattern.test(name)) || domains[0] === domains[1]) {
    throw usage('domains', domains.join(','), 'two different lower-case names');
  }
  if (!adversarialLosses.includes(loss)) throw usage('loss', loss, adversarialLosses.join(' or '));
  if (size % 4 !== 0 || size < 32) throw usage('size', size, 'a multiple of 4, at least 32');
  if (loadSize !== 0 && loadSize < size) throw usage('loadSize', loadSize, `at least the crop size ${size}, or 0`);
  for (const name of ['width', 'blocks', 'batch', 'discriminatorWidth'] as const) whole(name, settings[name], 1);
  for (const name of ['steps', 'poolSize', 'seed', 'loadSize'] as const) whole(name, settings[name], 0);
  for (const name of ['learningRate', 'cycleWeight', 'identityWeight'] as const) {
    if (!(settings[name] >= 0 && Number.isFinite(settings[name]))) throw usage(name, settings[name], 'a number ≥ 0');
  }
}

function whole(name: string, value: number, least: number): void {
  if (!Number.isSafeInteger(value) || value < least) throw usage(name, value, `a whole number ≥ ${least}`);
}

function usage(name: string, value: unknown, allowed: string): CycleboxError {
  return new CycleboxError('USAGE', `Training option ${name} is ${String(value)}; allowed: ${allowed}.`);
}
