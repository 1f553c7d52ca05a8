/**
 * Which convolutions calculate in int8, and which of them keep their sums: the quickest that is near enough. Errors of convolutions
 * add up nearly as if they were independent, so that those of each alone say in which order to go, and runs say how far.
 */
import type { KernelBits } from '../../onnx/index.js';
import type { ObservedModelRanges, ObservedRanges } from './observed-ranges.js';
import { type Rounding, type Roundings, rangesWith, roundingsOf, type Trial, toldDistance } from './trial.js';

/** Each layer is tried alone on so many images. */
const triedOn = 2;

type Times = Readonly<Record<Rounding, number>>;

/**
 * Time over that of float32, of a convolution of 128 channels at 64² in a network: on an AMD EPYC with AVX2 alone (Zen 3 class), and with
 * VNNI (Zen 4), which adds up kernels of 8 bits.
 */
const timesWith: Readonly<Record<KernelBits, Times>> = {
  7: { bytes: 0.54, sums: 0.7, none: 1 },
  8: { bytes: 0.31, sums: 0.41, none: 1 },
};

export interface ChoiceOptions {
  /** Of the processor that it is to be quick on. */
  readonly kernelBits: KernelBits;
  readonly onProgress: (line: string) => void;
}

/** Of a layer: a convolution, or several that read one value, which are quicker together. */
export interface Sensitivity {
  readonly names: readonly string[];
  /** Its share of the products of the convolutions that may be int8. */
  readonly work: number;
  /** The mean squared difference of the model's bytes, were it the only layer in int8. */
  readonly meanSquares: Readonly<Partial<Record<Rounding, number>>>;
}

export async function sensitivities(
  trial: Pick<Trial, 'distance'>,
  observed: ObservedRanges,
  ranges: ObservedModelRanges,
  onProgress: (line: string) => void,
): Promise<readonly Sensitivity[]> {
  const table: Sensitivity[] = [];
  const layers = observed.layers();
  const workOf = (names: readonly string[]) => names.reduce((sum, name) => sum + observed.workOf(name), 0);
  const whole = workOf(layers.flat());
  for (const names of layers) {
    const meanSquares: Partial<Record<Rounding, number>> = { none: 0 };
    for (const rounding of roundingsOf(names.map(name => ranges[name]!)).filter(each => each !== 'none')) {
      const alone = rangesWith(ranges, new Map(names.map(name => [name, rounding])));
      meanSquares[rounding] = (await trial.distance(alone, triedOn)).all;
    }
    table.push({ names, meanSquares, work: workOf(names) / whole });
    onProgress(`tried ${table.length} of ${layers.length} layers`);
  }
  return table;
}

/** How often a choice is run before the quickest that was near enough is taken. */
const mostRuns = 8;

/** @returns all 'none' where nothing is near enough */
export async function chooseRoundings(
  trial: Pick<Trial, 'distance' | 'strainOf'>,
  ranges: ObservedModelRanges,
  table: readonly Sensitivity[],
  { kernelBits, onProgress }: ChoiceOptions,
): Promise<Roundings> {
  const choices = choicesOf(table, timesWith[kernelBits]);
  let [tooFar, near] = [-1, choices.length - 1]; // The last has nothing in int8.
  let at = choices.findIndex(choice => trial.strainOf({ all: choice.meanSquare, one: 0 }) <= 1);
  for (let run = 0; run < mostRuns && near - tooFar > 1; run++) {
    const { roundings } = choices[at]!;
    const distance = await trial.distance(rangesWith(ranges, roundings));
    onProgress(`${countsOf(roundings)}: ${toldDistance(distance)}`);
    const strain = trial.strainOf(distance);
    if (strain <= 1) near = at;
    else tooFar = at;
    // Where the same factor between what is predicted and what is found would lead, or half the way.
    const wanted = choices[at]!.meanSquare / strain;
    const led = choices.findIndex(({ meanSquare }) => meanSquare <= wanted);
    at = led > tooFar && led < near && run < mostRuns / 2 ? led : Math.floor((tooFar + near) / 2);
  }
  return choices[near]!.roundings;
}

interface Choice {
  readonly roundings: Roundings;
  /** As the sum of all errors has it. */
  readonly meanSquare: number;
}

/** From all in bytes to none in int8, the layer changing each time that takes most of the error for the time that it costs. */
function choicesOf(table: readonly Sensitivity[], times: Times): readonly Choice[] {
  const roundings: Rounding[] = table.map(() => 'bytes');
  const choices: Choice[] = [];
  for (;;) {
    const meanSquare = table.reduce((total, { meanSquares }, at) => total + meanSquares[roundings[at]!]!, 0);
    const byName = table.flatMap(({ names }, at) => names.map(name => [name, roundings[at]!] as const));
    choices.push({ roundings: new Map(byName), meanSquare });
    const step = nextStep(table, roundings, times);
    if (!step) return choices;
    roundings[step.at] = step.rounding;
  }
}

function nextStep(table: readonly Sensitivity[], chosen: readonly Rounding[], times: Times) {
  const steps = table.flatMap(({ work, meanSquares }, at) => {
    const now = chosen[at]!;
    return (Object.entries(meanSquares) as [Rounding, number][])
      .filter(([rounding]) => times[rounding] > times[now])
      .map(([rounding, then]) => {
        const time = work * (times[rounding] - times[now]);
        return { at, rounding, worth: (meanSquares[now]! - then) / time };
      });
  });
  return steps.length === 0 ? undefined : steps.reduce((best, each) => (each.worth > best.worth ? each : best));
}

function countsOf(roundings: Roundings): string {
  const count = (rounding: Rounding) => [...roundings.values()].filter(each => each === rounding).length;
  return `${count('bytes')} convolutions with bytes, ${count('sums')} with sums, ${count('none')} in float32`;
}
