/**
 * Parity with the reference implementation: every case of a folder of recorded numbers, by default the one among the
 * fixtures. Network types, sizes and tolerances come from the folder's index and files.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Engine, openEngine, type Tensors } from '../src/engine/index.js';
import { GraphBuilder } from '../src/graph/index.js';
import {
  buildNetwork,
  type DiscriminatorSpec,
  detectNetwork,
  type GeneratorSpec,
  loadWeights,
  parametersOf,
  readSafetensorsFile,
  type WeightTensor,
  type WeightTensors,
} from '../src/nets/index.js';
import {
  type AdversarialLoss,
  adamInputs,
  adamScalars,
  type CycleGanSpec,
  discriminatorStep,
  generatorStep,
  momentNames,
  type NetworkName,
  specOf,
  trainedParameters,
} from '../src/training/index.js';

interface ForwardCase {
  readonly name: string;
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly params: number;
}

interface TrainingCase {
  readonly name: string;
  readonly size: number;
  readonly batch: number;
  readonly steps: number;
  readonly lambda_cycle: number;
  readonly lambda_identity_effective: number;
  readonly gan_mode: AdversarialLoss;
  readonly lr: number;
  readonly betas: readonly [number, number];
  readonly tolerance: {
    readonly loss_relative: number;
    readonly gradient_relative_to_tensor_max: number;
    readonly weight_absolute: number;
  };
  readonly losses: readonly Readonly<Record<string, number>>[];
}

const folder = process.env['CYCLEBOX_GOLDEN'] || fileURLToPath(new URL('./fixtures/golden', import.meta.url));
const index: { readonly forward?: readonly ForwardCase[]; readonly training?: readonly TrainingCase[] } = JSON.parse(
  readFileSync(join(folder, 'index.json'), 'utf8'),
);

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine('cpu');
});
afterAll(() => engine.dispose());

const forward = index.forward ?? [];
const training = index.training ?? [];

describe.runIf(forward.length > 0)('forward passes match the reference', () => {
  it.each(forward)('$name', async golden => {
    const { tensors: recorded } = await readSafetensorsFile(join(folder, `${golden.name}.io.safetensors`));
    const { x, y } = recorded as { x: WeightTensor; y: WeightTensor };
    const { spec, tensors } = await loadWeights(join(folder, `${golden.name}.pth`));
    expect(x.shape).toEqual(golden.x);
    expect(parametersOf(spec).reduce((sum, { key }) => sum + tensors[key]!.data.length, 0)).toBe(golden.params);

    const graph = new GraphBuilder();
    const output = buildNetwork(spec, graph.input('x', x.shape), (key, shape) =>
      graph.constant(tensors[key]!.data, shape),
    );
    graph.output('y', output);
    const program = await engine.compile(graph.build());
    try {
      const { y: result } = await program.run({ x });
      expect(result!.shape).toEqual(golden.y);
      expect(largestDifference(result!.data, y.data)).toBeLessThanOrEqual(1e-4);
    } finally {
      await program.dispose();
    }
  });
});

describe.runIf(training.length > 0)('training steps match the reference', () => {
  it.each(training)('$name', async golden => {
    const [init, data, recordedGradients, final] = await Promise.all(
      ['init', 'data', 'grads0', 'final'].map(async part => {
        const { tensors } = await readSafetensorsFile(join(folder, `${golden.name}.${part}.safetensors`));
        return tensors as WeightTensors;
      }),
    );
    const spec = specOfCase(golden, init!);
    const names = trainedParameters(spec).map(({ name }) => name);
    const state = await engine.createState(withMoments(spec, init!));
    const options = { inspect: true };
    const generators = await engine.compile(generatorStep(spec, options), { state });
    const discriminators = await engine.compile(discriminatorStep(spec, options), { state });
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
  });
});

const firstImages = { fakeA: 'fake_A0', fakeB: 'fake_B0', recoveredA: 'rec_A0', recoveredB: 'rec_B0' } as const;
const networks: readonly NetworkName[] = ['G_A', 'G_B', 'D_A', 'D_B'];

function specOfCase(golden: TrainingCase, init: WeightTensors): CycleGanSpec {
  return {
    generator: detectNetwork(ofNetwork(init, 'G_A')) as GeneratorSpec,
    discriminator: detectNetwork(ofNetwork(init, 'D_A')) as DiscriminatorSpec,
    batch: golden.batch,
    size: golden.size,
    loss: golden.gan_mode,
    cycleWeight: golden.lambda_cycle,
    identityWeight: golden.lambda_identity_effective,
    adam: { beta1: golden.betas[0], beta2: golden.betas[1], epsilon: 1e-8 },
  };
}

function ofNetwork(tensors: WeightTensors, network: NetworkName): WeightTensors {
  const own = Object.entries(tensors).filter(([name]) => name.startsWith(`${network}.`));
  return Object.fromEntries(own.map(([name, tensor]) => [name.slice(network.length + 1), tensor]));
}

function withMoments(spec: CycleGanSpec, init: WeightTensors): Tensors {
  const entries = trainedParameters(spec).flatMap(({ name, shape }) => [
    [name, init[name]!] as const,
    ...momentNames(name).map(moment => [moment, { shape, data: new Float32Array(init[name]!.data.length) }] as const),
  ]);
  return Object.fromEntries(entries);
}

function adamTensors(spec: CycleGanSpec, learningRate: number, step: number): Tensors {
  const { stepSize, epsilon } = adamScalars(spec.adam, learningRate, step);
  const scalar = (value: number) => ({ shape: [], data: Float32Array.of(value) });
  return { [adamInputs.stepSize]: scalar(stepSize), [adamInputs.epsilon]: scalar(epsilon) };
}

/** Biases that the networks leave out are noise in the reference too: their recorded gradients are next to nothing. */
function expectCancellingBiases(spec: CycleGanSpec, gradients: WeightTensors): void {
  for (const network of networks) {
    const whole = Math.max(
      ...Object.values(ofNetwork(gradients, `grad0.${network}` as NetworkName)).map(t => largest(t.data)),
    );
    for (const { key } of parametersOf(specOf(spec, network)).filter(({ cancels }) => cancels)) {
      expect(largest(gradients[`grad0.${network}.${key}`]!.data), key).toBeLessThanOrEqual(1e-5 * whole);
    }
  }
}

function largest(values: Float32Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

/** Not a number if any value is not. */
function largestDifference(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i]!)), 0);
}
