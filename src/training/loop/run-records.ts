/**
 * What a run leaves behind for people and tools, by the recorder's hand: this only says it in the recorder's words, and
 * makes the tensors of the sample grids. See ../records/.
 */
import { join } from 'node:path';
import { asCycleboxError, type Clock, type Disposable } from '../../base/index.js';
import type { Device, Program, TensorData } from '../../engine/index.js';
import { sizeOf } from '../../graph/index.js';
import type { Batch, DataReport } from '../data/index.js';
import { trainedParameters } from '../recipes/index.js';
import { columnsOf, RunRecorder, type StepProgress, type StepValues, type TrainingWarning } from '../records/index.js';
import type { RunSettings } from '../run-options.js';
import { recipeOf, type TrainingSettings } from '../settings.js';
import { networksOf } from '../trained-networks.js';
import type { BestSoFar } from './best-so-far.js';
import type { RunEvaluation } from './run-evaluator.js';

export class RunRecords implements Disposable {
  /** Trained values by network. */
  readonly parameters: Readonly<Record<string, number>>;
  readonly #settings: TrainingSettings;
  readonly #recorder: RunRecorder;

  constructor(settings: TrainingSettings, { sampleEvery }: RunSettings, clock: Clock) {
    this.#settings = settings;
    this.parameters = parametersByNetwork(settings);
    this.#recorder = new RunRecorder(settings.out, { clock, samples: { last: 20, everySteps: 4 * sampleEvery } });
  }

  /** @param step steps done before */
  async open(step: number, { id, name }: Device, reports: readonly DataReport[]): Promise<void> {
    const { pair, domains, steps } = this.#settings;
    const { parameters } = this;
    const data = Object.fromEntries(reports.map(({ domain, ...report }) => [domain, { ...report }]));
    const settings = { ...this.#settings };
    const run = { pair, domains, steps, settings, parameters, device: { id, name }, data } as Parameters<
      RunRecorder['start']
    >[0];
    await (step === 0 ? this.#recorder.start(run) : this.#recorder.resume(step, run));
  }

  /** @param epochLength examples in a pass over the data */
  step(values: Omit<StepValues, 'epoch' | 'images'>, epochLength: number): Promise<StepProgress> {
    const examples = this.#settings.batch * this.#settings.accumulate;
    return this.#recorder.step({ ...values, images: 2 * examples, epoch: (values.step * examples) / epochLength });
  }

  evaluation(step: number, { metrics, references, warnings }: RunEvaluation, ms: number): void {
    this.#recorder.evaluation(step, { metrics, references, warnings });
    this.#recorder.spent(ms);
  }

  warning(step: number, warning: TrainingWarning): void {
    this.#recorder.warning(step, warning);
  }

  /** Returns the sheet's file. @param samples batches of one */
  async samples(step: number, preview: Program, samples: readonly Batch[]): Promise<string> {
    const rows: Record<string, TensorData>[] = [];
    for (const { A, B } of samples) {
      const inputs = Object.fromEntries(Object.entries({ A, B }).filter(([name]) => preview.inputs.includes(name)));
      rows.push({ A, B, ...(await preview.run(inputs)) });
    }
    const columns = columnsOf(recipeOf(this.#settings).columns, this.#settings.domains);
    const { sheet } = await this.#recorder.samples(step, { columns, rows });
    return join(this.#settings.out, sheet);
  }

  /** Before the checkpoint is written. */
  async checkpoint(step: number, judged: BestSoFar | undefined): Promise<void> {
    const best = judged?.step === step ? { metric: judged.metric, value: judged.value } : undefined;
    await this.#recorder.checkpoint(step, best);
  }

  /** Time that went into something else than steps. */
  spent(ms: number): void {
    this.#recorder.spent(ms);
  }

  async end(step: number, reason: 'finished' | 'stopped'): Promise<void> {
    await this.#recorder.end(step, reason);
  }

  /** A run that failed says so where it can: the error itself is told by whoever catches it. */
  async fail(step: number, error: unknown): Promise<void> {
    await this.#recorder.end(step, 'failed', asCycleboxError(error).message).catch(() => {});
  }

  async dispose(): Promise<void> {
    await this.#recorder.dispose().catch(() => {}); // Told at the step that wrote last.
  }
}

function parametersByNetwork(settings: TrainingSettings): Readonly<Record<string, number>> {
  return Object.fromEntries(
    networksOf(settings).map(network => {
      const sizes = trainedParameters([network]).map(({ shape }) => sizeOf(shape));
      return [network.name, sizes.reduce((sum, size) => sum + size, 0)];
    }),
  );
}
