/** Whole CycleGAN training steps, on any engine, against the numbers recorded of the reference implementation. */
import { describe, expect, it } from 'vitest';
import type { Engine, Tensors } from '../../src/engine/index.js';
import {
  type DiscriminatorSpec,
  detectNetwork,
  type GeneratorSpec,
  parametersOf,
  readSafetensorsFile,
  type WeightTensors,
} from '../../src/nets/index.js';
import {
  adamInputs,
  adamScalars,
  buildPhase,
  compilePhase,
  cyclegan,
  defaultWeights,
  momentNames,
  type RecipeSettings,
  trainedParameters,
} from '../../src/training/index.js';
import { goldenFile, largest, largestDifference, type TrainingCase, trainingCases } from './golden-index.js';

/** @param only which of the cases, for engines too slow for all */
export function describeTraining(engine: () => Engine, only: (golden: TrainingCase) => boolean): void {
  const chosen = trainingCases.filter(only);
  describe.runIf(chosen.length > 0)('training steps match the reference', () => {
    it.each(chosen)('$name', golden => expectTraining(engine(), golden));
    it.each(chosen)('$name, compiled as trainings are', golden => expectTrained(engine(), golden));
  });
}

async function expectTraining(engine: Engine, golden: TrainingCase): Promise<void> {
  const [init, data, recordedGradients, final] = await Promise.all(
    ['init', 'data', 'grads0', 'final'].map(async part => {
      const { tensors } = await readSafetensorsFile(goldenFile(`${golden.name}.${part}.safetensors`));
      return tensors as WeightTensors;
    }),
  );
  const spec = specOfCase(golden, init!);
  const names = trainedParameters(cyclegan.networks(spec)).map(({ name }) => name);
  const state = await engine.createState(withMoments(spec, init!));
  const together = engine.prefersFewOperations ?? false;
  const compile = (index: 0 | 1) =>
    engine.compile(buildPhase(cyclegan, cyclegan.phases[index]!, spec, { inspect: true, together }).graph, { state });
  const [generators, discriminators] = [await compile(0), await compile(1)];
  for (let step = 0; step < golden.steps; step++) {
    const adam = adamTensors(spec, golden.lr, step + 1);
    const [A, B] = [data![`A${step}`]!, data![`B${step}`]!];
    const made = await generators.run({ A, B, ...adam });
    const judged = await discriminators.run({ A, B, fakeA: made['fakeA']!, fakeB: made['fakeB']!, ...adam });
    const results: Tensors = { ...made, ...judged };
    for (const [name, expected] of Object.entries(golden.losses[step]!)) {
      const ours = results[`loss/${name}`]?.data[0] ?? 0; // A loss of weight 0 is left out.
      const relative = Math.abs(ours - expected) / (Math.abs(expected) || 1);
      expect(relative, `loss ${name} of step ${step}`).toBeLessThanOrEqual(golden.tolerance.loss_relative);
    }
    if (step > 0) continue;
    for (const [ours, theirs] of Object.entries(firstImages)) {
      expect(largestDifference(results[ours]!.data, data![theirs]!.data), theirs).toBeLessThanOrEqual(1e-4);
    }
    for (const name of names) {
      const expected = recordedGradients![`grad0.${name}`]!.data;
      const error = largestDifference(results[`gradient/${name}`]!.data, expected) / largest(expected);
      expect(error, `gradient of ${name}`).toBeLessThanOrEqual(golden.tolerance.gradient_relative_to_tensor_max);
    }
  }
  const trained = await state.read(names);
  for (const name of names) {
    const error = largestDifference(trained[name]!.data, final![name]!.data);
    expect(error, `final ${name}`).toBeLessThanOrEqual(golden.tolerance.weight_absolute);
  }
  expectCancellingBiases(spec, recordedGradients!);
  await Promise.all([generators.dispose(), discriminators.dispose(), state.dispose()]);
}

/** What the trainer compiles, which hands out no gradients. */
async function expectTrained(engine: Engine, golden: TrainingCase): Promise<void> {
  const [init, data, final] = await Promise.all(
    ['init', 'data', 'final'].map(async part => {
      const { tensors } = await readSafetensorsFile(goldenFile(`${golden.name}.${part}.safetensors`));
      return tensors as WeightTensors;
    }),
  );
  const spec = specOfCase(golden, init!);
  const state = await engine.createState(withMoments(spec, init!));
  const compile = async (index: 0 | 1) =>
    (await compilePhase(engine, state, cyclegan, cyclegan.phases[index]!, spec)).program;
  const [generators, discriminators] = [await compile(0), await compile(1)];
  for (let step = 0; step < golden.steps; step++) {
    const known = { A: data![`A${step}`]!, B: data![`B${step}`]!, ...adamTensors(spec, golden.lr, step + 1) };
    const { fakeA, fakeB, ...made } = await generators.run(known);
    const judged = await discriminators.run({ ...known, fakeA: fakeA!, fakeB: fakeB! });
    for (const [name, { data: found }] of Object.entries({ ...made, ...judged })) {
      const expected = golden.losses[step]![name.slice('loss/'.length)]!;
      const relative = Math.abs(found[0]! - expected) / (Math.abs(expected) || 1);
      expect(relative, `${name} of step ${step}`).toBeLessThanOrEqual(golden.tolerance.loss_relative);
    }
  }
  const names = trainedParameters(cyclegan.networks(spec)).map(({ name }) => name);
  const trained = await state.read(names);
  for (const name of names) {
    const error = largestDifference(trained[name]!.data, final![name]!.data);
    expect(error, `final ${name}`).toBeLessThanOrEqual(golden.tolerance.weight_absolute);
  }
  await Promise.all([generators.dispose(), discriminators.dispose(), state.dispose()]);
}

const firstImages = { fakeA: 'fake_A0', fakeB: 'fake_B0', recoveredA: 'rec_A0', recoveredB: 'rec_B0' } as const;

function specOfCase(golden: TrainingCase, init: WeightTensors): RecipeSettings {
  return {
    generator: detectNetwork(ofNetwork(init, 'G_A')) as GeneratorSpec,
    discriminator: detectNetwork(ofNetwork(init, 'D_A')) as DiscriminatorSpec,
    batch: golden.batch,
    size: golden.size,
    loss: golden.gan_mode,
    ...defaultWeights,
    cycleWeight: golden.lambda_cycle,
    identityWeight: golden.lambda_identity_effective,
    adam: { beta1: golden.betas[0], beta2: golden.betas[1], epsilon: 1e-8 },
  };
}

function ofNetwork(tensors: WeightTensors, network: string): WeightTensors {
  const own = Object.entries(tensors).filter(([name]) => name.startsWith(`${network}.`));
  return Object.fromEntries(own.map(([name, tensor]) => [name.slice(network.length + 1), tensor]));
}

function withMoments(spec: RecipeSettings, init: WeightTensors): Tensors {
  const entries = trainedParameters(cyclegan.networks(spec)).flatMap(({ name, shape }) => [
    [name, init[name]!] as const,
    ...momentNames(name).map(moment => [moment, { shape, data: new Float32Array(init[name]!.data.length) }] as const),
  ]);
  return Object.fromEntries(entries);
}

function adamTensors(spec: RecipeSettings, learningRate: number, step: number): Tensors {
  const { stepSize, epsilon } = adamScalars(spec.adam, learningRate, step);
  const scalar = (value: number) => ({ shape: [], data: Float32Array.of(value) });
  return { [adamInputs.stepSize]: scalar(stepSize), [adamInputs.epsilon]: scalar(epsilon) };
}

/** Biases that the networks leave out are noise in the reference too: their recorded gradients are next to nothing. */
function expectCancellingBiases(spec: RecipeSettings, gradients: WeightTensors): void {
  for (const { name: network, spec: networkSpec } of cyclegan.networks(spec)) {
    const whole = Math.max(...Object.values(ofNetwork(gradients, `grad0.${network}`)).map(t => largest(t.data)));
    for (const { key } of parametersOf(networkSpec).filter(({ cancels }) => cancels)) {
      expect(largest(gradients[`grad0.${network}.${key}`]!.data), key).toBeLessThanOrEqual(1e-5 * whole);
    }
  }
}
