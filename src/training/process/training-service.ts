/**
 * What happens inside a training's own process: one run of the trainer, steered by short calls that are served between its
 * steps. The trainer does not know of any of this.
 */
import { CycleboxError, systemClock } from '../../base/index.js';
import type { SkippedDevice } from '../../engine/index.js';
import type { Handlers } from '../../process/index.js';
import { checkDeviceOptions } from '../device-options.js';
import { freshStart, hasCheckpoint, type RunStart, resumedStart, Trainer, type TrainerOptions } from '../loop/index.js';
import { TrainingPlugins } from '../plugins/index.js';
import type { TrainingEvent, TrainingProgress } from '../training-event.js';
import { explainTraining } from './explain-training.js';
import { lowerPriority } from './lower-priority.js';
import { ProgressThrottle } from './progress-throttle.js';
import type { TrainingPlan } from './training-plan.js';
import type { TrainingApi, TrainingOrder, TrainingResult, TrainingStatus } from './training-protocol.js';

type EmitEvent = (event: TrainingEvent) => void;

export class TrainingService {
  readonly #emit: EmitEvent;
  readonly #stop = new AbortController();
  #running: Promise<TrainingResult> | undefined;
  #trainer: Promise<Trainer> | undefined;
  #startedAt = { step: 0, steps: 0 };
  #progress: TrainingProgress | undefined;
  #metrics: Readonly<Record<string, number>> = {};

  constructor(tell: EmitEvent) {
    this.#emit = tell;
  }

  handlers(): Handlers<TrainingApi> {
    return {
      train: order => this.#train(order),
      explain: order => this.#explain(order),
      stop: () => this.stop(),
      checkpoint: async () => (await this.#activeTrainer()).requestCheckpoint(),
      sample: async () => (await this.#activeTrainer()).requestSamples(),
      export: async () => (await this.#activeTrainer()).requestExport(),
      status: () => this.#status(),
    };
  }

  stop(): void {
    this.#stop.abort();
  }

  /** Ends what is being trained, with a checkpoint. Resolves when it has ended, however that went. */
  async shutDown(): Promise<void> {
    this.stop();
    await this.#running?.catch(() => {});
  }

  #train(order: TrainingOrder): Promise<TrainingResult> {
    if (this.#running) throw new CycleboxError('PROTOCOL', 'A training process trains once.');
    this.#running = this.#run(order);
    return this.#running;
  }

  async #run(order: TrainingOrder): Promise<TrainingResult> {
    if (order.place.background) lowerPriority();
    const plugins = pluginsOf(order);
    try {
      return await this.#trainWith(order, plugins);
    } finally {
      await plugins.dispose();
    }
  }

  async #trainWith(order: TrainingOrder, plugins: TrainingPlugins): Promise<TrainingResult> {
    this.#trainer = this.#open(order, plugins);
    const trainer = await this.#trainer;
    const throttle = new ProgressThrottle(order.progressEveryMs, systemClock, progress =>
      this.#emit({ kind: 'progress', ...progress }),
    );
    try {
      trainer.onEvent(event => this.#onTrainerEvent(event, throttle));
      const plugin = await trainer.run(this.#stop.signal);
      return this.#result(trainer, plugin);
    } finally {
      throttle.flush();
      await trainer.dispose();
    }
  }

  async #open(order: TrainingOrder, plugins: TrainingPlugins): Promise<Trainer> {
    const options = this.#trainerOptions(order, plugins);
    if (order.resume) return Trainer.resume(order.out, order.training, options);
    await requireFreshFolder(order.training.out);
    return Trainer.create(await plugins.withRecipe(order.training), options);
  }

  async #explain(order: TrainingOrder): Promise<TrainingPlan> {
    if (order.place.background) lowerPriority();
    const plugins = pluginsOf(order);
    try {
      const options = this.#trainerOptions(order, plugins);
      const start: RunStart = order.resume
        ? await resumedStart(order.out, order.training, options)
        : await freshStart(await plugins.withRecipe(order.training), options);
      return await explainTraining(start);
    } finally {
      await plugins.dispose();
    }
  }

  #trainerOptions({ run, place }: TrainingOrder, { findMetric }: TrainingPlugins): TrainerOptions {
    const { background: _, ...placed } = checkDeviceOptions(place);
    return { ...run, ...placed, findMetric, onDeviceSkipped: device => this.#warnOfSkipped(device) };
  }

  /** A device that is there and fails; what is merely not there is no news. */
  #warnOfSkipped({ choice, reason, fault }: SkippedDevice): void {
    if (!fault) return;
    const message = `${choice} is skipped: ${reason}`;
    this.#emit({ kind: 'warning', step: 0, code: 'device', message, advice: 'cyclebox doctor says what would help.' });
  }

  /** Nothing overtakes the progress that was made before it. */
  #onTrainerEvent(event: TrainingEvent, throttle: ProgressThrottle): void {
    if (event.kind === 'started') this.#startedAt = { step: event.step, steps: event.settings.steps };
    if (event.kind === 'evaluation') this.#metrics = event.metrics;
    if (event.kind === 'progress') {
      const { kind: _, ...progress } = event;
      this.#progress = progress;
      throttle.add(progress);
      return;
    }
    throttle.flush();
    this.#emit(event);
  }

  #result({ settings, step }: Trainer, plugin: string | undefined): TrainingResult {
    const { out, steps } = settings;
    const ended = plugin !== undefined ? 'finished' : this.#stop.signal.aborted ? 'stopped' : 'stop-at';
    return { ended, step, steps, out, plugin, losses: this.#progress?.losses ?? {}, metrics: this.#metrics };
  }

  #activeTrainer(): Promise<Trainer> {
    if (this.#trainer) return this.#trainer;
    throw new CycleboxError('CANCELLED', 'Nothing is being trained.');
  }

  #status(): TrainingStatus {
    const { step, steps } = this.#progress ?? this.#startedAt;
    const losses = this.#progress?.losses ?? {};
    return { state: this.#state, pid: process.pid, step, steps, losses, residentBytes: process.memoryUsage.rss() };
  }

  get #state(): TrainingStatus['state'] {
    if (!this.#running) return 'idle';
    if (this.#stop.signal.aborted) return 'stopping';
    return this.#progress ? 'training' : 'preparing';
  }
}

/** What plugins say goes where the process writes. */
function pluginsOf({ plugins = {} }: TrainingOrder): TrainingPlugins {
  return new TrainingPlugins(plugins, (plugin, message) => process.stderr.write(`${plugin}: ${message}\n`));
}

async function requireFreshFolder(out: string): Promise<void> {
  if (!(await hasCheckpoint(out))) return;
  const message = `${out} holds a training already. Go on with it (--resume), or give another folder (--out).`;
  throw new CycleboxError('FILE_EXISTS', message, { subject: { file: out } });
}
