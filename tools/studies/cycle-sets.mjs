/**
 * What the study of the cycle compares, and on what: the recipes in the order of what they are told, and of each data set the
 * folders, by the tools that make it. A recipe's options differ from new pairs' defaults in what its name says, and in nothing
 * else.
 */
import { join } from 'node:path';
import { LAND_COLOURS, WATER_COLOURS } from '../satellite-map/palette.mjs';

/**
 * @typedef {{ readonly title: string, readonly isPaired: boolean,
 *   readonly options: Partial<import('../../dist/training/index.js').TrainingOptions> }} Contender
 * @type {Readonly<Record<string, Contender>>}
 */
export const contenders = {
  autoencoder: { title: 'autoencoder (paired)', isPaired: true, options: { recipe: 'autoencoder' } },
  pix2pix: { title: 'pix2pix (paired)', isPaired: true, options: { recipe: 'pix2pix' } },
  gan: { title: 'adversarial only', isPaired: false, options: { recipe: 'gan' } },
  'cyclegan-without-identity': {
    title: 'CycleGAN without identity',
    isPaired: false,
    options: { recipe: 'cyclegan', identityWeight: 0 },
  },
  cyclegan: { title: 'CycleGAN', isPaired: false, options: { recipe: 'cyclegan' } },
  cut: { title: 'CUT', isPaired: false, options: { recipe: 'cut' } },
};

/**
 * @typedef {{ readonly domains: readonly [string, string], readonly flip: boolean,
 *   readonly unpaired: readonly [string, string], readonly paired?: readonly [string, string],
 *   readonly test: readonly [string, string], readonly isTestPaired: boolean,
 *   readonly classes?: readonly import('../../dist/training/index.js').ColourClass[] }} DataSet folders A and B
 * @type {Readonly<Record<string, DataSet>>}
 */
const sets = {
  /** `npm run dataset:satellite-map -- --paired 1200`. Relief is always lit from the north-west: nothing is mirrored. */
  'satellite-map': {
    domains: ['satellite', 'map'],
    flip: false,
    unpaired: ['a', 'b'],
    paired: ['paired/satellite', 'paired/map'],
    test: ['holdout/satellite', 'holdout/map'],
    isTestPaired: true,
    classes: [
      { name: 'water', colours: WATER_COLOURS },
      { name: 'land', colours: LAND_COLOURS },
    ],
  },
  /** `cyclebox dataset pull horse2zebra` */
  'horse-zebra': {
    domains: ['horse', 'zebra'],
    flip: true,
    unpaired: ['trainA', 'trainB'],
    test: ['testA', 'testB'],
    isTestPaired: false,
  },
};

export const setNames = Object.keys(sets);

/** @param {string} name @param {string} data the data set's folder */
export function openSet(name, data) {
  const { unpaired, paired, test, ...facts } = sets[name];
  const inData = folders => folders.map(folder => join(data, folder));
  return { ...facts, unpaired: inData(unpaired), test: inData(test), ...(paired && { paired: inData(paired) }) };
}
