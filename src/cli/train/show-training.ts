/**
 * How a training looks while it runs: one live line on a terminal, a line every ten seconds elsewhere, or each event as a line
 * of JSON.
 */
import { type Disposable, type Event, formatDuration } from '../../base/index.js';
import {
  describeReport,
  type TrainingEvent,
  type TrainingEventOf,
  type TrainingProgress,
  type TrainingResult,
} from '../../training/index.js';

export interface TrainingDisplay extends Disposable {
  /** For people, on standard error. */
  note(text: string): void;
  ended(result: TrainingResult): void;
}

/** @param training in a process of this machine, or on another one */
export function showTraining(training: { readonly onEvent: Event<TrainingEvent> }, json: boolean): TrainingDisplay {
  const display = json ? new JsonLines() : new TrainingText();
  training.onEvent(event => display.show(event));
  return display;
}

interface Display extends TrainingDisplay {
  show(event: TrainingEvent): void;
}

class JsonLines implements Display {
  show(event: TrainingEvent): void {
    print(JSON.stringify(event));
  }

  note(text: string): void {
    process.stderr.write(`${text}\n`);
  }

  ended(result: TrainingResult): void {
    print(JSON.stringify({ kind: 'ended', ...result }));
  }

  dispose(): void {}
}

const lineEveryMs = 10_000;
const clearLine = '\r\u001b[2K';

class TrainingText implements Display {
  readonly #isLive = process.stdout.isTTY === true;
  #printedMs = Number.NEGATIVE_INFINITY;
  /** What has not been printed yet. */
  #pending: TrainingProgress | undefined;
  #isShown = false;

  show(event: TrainingEvent): void {
    switch (event.kind) {
      case 'started':
        print(describeStart(event));
        for (const sentence of event.data.flatMap(describeReport)) this.note(sentence);
        break;
      case 'progress':
        this.#progress(event);
        break;
      case 'evaluation':
        this.#above(process.stdout, `step ${event.step}  ${describeEvaluation(event.metrics)}`);
        break;
      case 'warning':
        this.note(`${event.message} ${event.advice}`);
        break;
      case 'checkpoint':
      case 'sample':
      case 'export':
        break;
      default:
        event satisfies never;
    }
  }

  ended({ ended, step, out, plugin }: TrainingResult): void {
    this.dispose();
    if (ended === 'finished') print(`Trained. The pair is in ${plugin}`);
    else print(`Stopped at step ${step}. Go on with: cyclebox train --resume --out ${out}`);
  }

  /** Leaves the last progress standing. */
  dispose(): void {
    if (this.#isShown) process.stdout.write('\n');
    else this.#printPending();
    this.#isShown = false;
    this.#pending = undefined;
  }

  note(text: string): void {
    this.#above(process.stderr, text);
  }

  #progress(progress: TrainingProgress): void {
    this.#pending = progress;
    if (this.#isLive) this.#redraw(progress);
    else if (performance.now() - this.#printedMs >= lineEveryMs) this.#printPending();
  }

  #printPending(): void {
    if (this.#pending) print(describeProgress(this.#pending));
    this.#pending = undefined;
    this.#printedMs = performance.now();
  }

  #redraw(progress: TrainingProgress): void {
    const width = (process.stdout.columns ?? 80) - 1;
    process.stdout.write(`${clearLine}${describeProgress(progress).slice(0, width)}`);
    this.#isShown = true;
  }

  /** The live line makes room and comes back below. */
  #above(stream: NodeJS.WriteStream, text: string): void {
    if (this.#isShown) process.stdout.write(clearLine);
    stream.write(`${text}\n`);
    if (this.#isShown && this.#pending) this.#redraw(this.#pending);
  }
}

function describeStart({ settings, device, step }: TrainingEventOf<'started'>): string {
  const { pair, recipe, size, width, blocks, steps, batch, seed } = settings;
  const start = step === 0 ? '' : `, from step ${step}`;
  return `Training ${pair}: ${recipe}, width ${width}, ${blocks} blocks, crops of ${size}, batch ${batch}, ${steps} steps, seed ${seed}${start}; on ${device.name} (${device.id})`;
}

function describeProgress({ step, steps, losses, imagesPerSecond, remainingMs }: TrainingProgress): string {
  return `step ${step}/${steps}  ${describeValues(losses)}  ${imagesPerSecond.toFixed(1)} images/s  ${formatDuration(remainingMs)} left`;
}

function describeValues(values: Readonly<Record<string, number>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name} ${value.toFixed(3)}`)
    .join('  ');
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** What of an evaluation is worth a line; the report and the history have the rest. */
const shownMetrics: readonly string[] = ['style', 'content', 'balance', 'grid'];

/** `horse→zebra: style 0.42, content 0.71 …` */
function describeEvaluation(metrics: Readonly<Record<string, number>>): string {
  const byDirection = new Map<string, string[]>();
  for (const [name, value] of Object.entries(metrics)) {
    const [direction, metric] = [name.slice(0, name.indexOf('/')), name.slice(name.indexOf('/') + 1)];
    if (!shownMetrics.includes(metric) && !metric.includes('/')) continue;
    byDirection.set(direction, [...(byDirection.get(direction) ?? []), `${metric} ${value.toFixed(3)}`]);
  }
  return [...byDirection].map(([direction, values]) => `${direction}: ${values.join(', ')}`).join('  ');
}
