/**
 * A training run on the command line: one live line on a terminal, a line every ten seconds elsewhere. Interrupting
 * stops after the current step with a checkpoint; a second interrupt ends the process at once.
 */
import { CycleboxError } from '../base/index.js';
import { parseEngineChoice } from '../engine/index.js';
import {
  hasCheckpoint,
  Trainer,
  type TrainerOptions,
  type TrainingOptions,
  type TrainingProgress,
} from '../training/index.js';
import { goToBackground } from './background.js';
import { printPassedOver } from './engine-option.js';

export interface TrainPairOptions {
  readonly out: string;
  /** Given on the command line, by the names of the schema. */
  readonly training: Readonly<Record<string, unknown>>;
  readonly run: Readonly<Record<string, unknown>>;
  readonly resume?: boolean;
  readonly background?: boolean;
  readonly engine?: string;
  readonly threads?: number;
}

const interruptedExitCode = 130;
const lineEveryMs = 10_000;

/** Returns the exit code: 0 when trained to the end, 130 when interrupted. */
export async function trainPair(options: TrainPairOptions): Promise<number> {
  if (options.background) goToBackground();
  const trainer = await openTrainer(options);
  const stop = new AbortController();
  const interrupt = () => (stop.signal.aborted ? process.exit(interruptedExitCode) : stop.abort());
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  try {
    announce(trainer);
    const printer = new ProgressPrinter();
    trainer.onProgress(progress => printer.print(progress));
    const plugin = await trainer.run(stop.signal);
    printer.end();
    report(options.out, trainer, plugin);
    return plugin === undefined ? interruptedExitCode : 0;
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
    await trainer.dispose();
  }
}

async function openTrainer({ out, training, run, resume, engine, threads }: TrainPairOptions): Promise<Trainer> {
  const trainer: TrainerOptions = {
    ...run,
    engine: engine === undefined ? undefined : parseEngineChoice(engine),
    threads,
    onPassedOver: printPassedOver,
  };
  if (resume) return Trainer.resume(out, training, trainer);
  if (await hasCheckpoint(out)) {
    const message = `${out} holds a training already. Give --resume to go on with it, or another --out.`;
    throw new CycleboxError('FILE_EXISTS', message, { subject: { file: out } });
  }
  if (!training['pair'] || !training['a'] || !training['b']) {
    throw new CycleboxError('USAGE', 'A new training needs --pair, --a and --b (or --resume to go on with one).');
  }
  return Trainer.create({ ...training, out } as TrainingOptions, trainer);
}

function announce({ settings, step, device }: Trainer): void {
  const { pair, size, width, blocks, steps, batch, seed } = settings;
  const start = step === 0 ? '' : `, from step ${step}`;
  console.log(
    `Training ${pair}: resnet, width ${width}, ${blocks} blocks, crops of ${size}, batch ${batch}, ${steps} steps, seed ${seed}${start}; on ${device.name} (${device.id})`,
  );
}

function report(out: string, { step }: Trainer, plugin: string | undefined): void {
  if (plugin === undefined) console.log(`Stopped at step ${step}. Go on with: cyclebox train --resume --out ${out}`);
  else console.log(`Trained. The pair is in ${plugin}`);
}

class ProgressPrinter {
  readonly #live = process.stdout.isTTY === true;
  #lastMs = Number.NEGATIVE_INFINITY;
  /** What has not been printed yet. */
  #last: TrainingProgress | undefined;

  print(progress: TrainingProgress): void {
    this.#last = progress;
    if (this.#live) {
      process.stdout.write(`\r\u001b[K${describe(progress).slice(0, (process.stdout.columns ?? 80) - 1)}`);
      return;
    }
    if (performance.now() - this.#lastMs < lineEveryMs) return;
    this.#lastMs = performance.now();
    this.#last = undefined;
    console.log(describe(progress));
  }

  end(): void {
    if (this.#live) process.stdout.write('\n');
    else if (this.#last) console.log(describe(this.#last));
  }
}

function describe({ step, steps, losses, imagesPerSecond, remainingMs }: TrainingProgress): string {
  const values = Object.entries(losses).map(([name, value]) => `${name} ${value.toFixed(3)}`);
  return `step ${step}/${steps}  ${values.join('  ')}  ${imagesPerSecond.toFixed(1)} images/s  ${formatDuration(remainingMs)} left`;
}

function formatDuration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}
