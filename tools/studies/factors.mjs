/**
 * What a study of training can change, one factor at a time: of each the choices, and the training's options that each
 * stands for. The first choice of each is the base's: what new pairs have.
 */

/** The least crop that a stage of growing size begins with, pixels. */
const leastStage = 32;

/**
 * @typedef {{ readonly size: number, readonly expectedSteps?: number, readonly warmStart?: string }} Base
 *   `expectedSteps`: how many the base took in the same time; undefined for the base itself
 * @type {Readonly<Record<string, Readonly<Record<string, (base: Base) => object>>>>}
 */
export const factorOptions = {
  upsample: { resize: () => ({ upsample: 'resize' }), transpose: () => ({ upsample: 'transpose' }) },
  discriminatorDownsample: {
    stride: () => ({ discriminatorDownsample: 'stride' }),
    blur: () => ({ discriminatorDownsample: 'blur' }),
  },
  norm: {
    instance: () => ({ norm: 'instance' }),
    group: () => ({ norm: 'group' }),
    none: () => ({ norm: 'none' }),
  },
  loss: { lsgan: () => ({}), hinge: () => ({ loss: 'hinge' }), vanilla: () => ({ loss: 'vanilla' }) },
  rates: {
    equal: () => ({}),
    D2: () => ({ discriminatorRate: 0.0004 }),
    G2: () => ({ learningRate: 0.0004, discriminatorRate: 0.0002 }),
  },
  accumulate: { 1: () => ({}), 2: () => ({ accumulate: 2 }) },
  augment: { none: () => ({}), all: () => ({ augment: ['color', 'translation', 'cutout'] }) },
  schedule: {
    constant: () => ({}),
    linear: ({ expectedSteps }) => ({ schedule: 'linear', steps: expectedSteps }),
    cosine: ({ expectedSteps }) => ({ schedule: 'cosine', steps: expectedSteps }),
  },
  /** Another pair's exported generators or checkpoint, of the same networks. */
  warmStart: { none: () => ({}), other: ({ warmStart }) => ({ warmStart }) },
  /** Half of the steps on half the crop, where a step takes a quarter to a third of the time: 1.5 times as many. */
  sizes: {
    one: () => ({}),
    growing: ({ size, expectedSteps }) => ({
      size: undefined,
      sizes: [Math.max(leastStage, size / 2), size],
      steps: Math.round(1.5 * expectedSteps),
    }),
  },
};

/** What the study tries where nothing else is asked for. */
export const defaultFactors = ['upsample', 'discriminatorDownsample', 'norm'];

/**
 * @param {Readonly<Record<string, string>>} factors a choice for each
 * @param {Base} base
 * @returns {object} options of the training
 */
export function optionsOf(factors, base) {
  return Object.assign({}, ...Object.entries(factors).map(([factor, choice]) => factorOptions[factor][choice](base)));
}
