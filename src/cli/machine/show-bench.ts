/**
 * The work of `cyclebox bench`: each row is printed as soon as it is measured, or all at the end as JSON. Interrupting ends
 * the measuring processes and keeps what has been printed.
 */
import { CycleboxError } from '../../base/index.js';
import {
  type BenchReport,
  bench,
  type RunTimes,
  type TrainingRow,
  type TrainingSize,
  type TranslationRow,
} from '../../diagnosis/index.js';
import { type Precision, parseEngineChoice } from '../../engine/index.js';
import { exitCodes, printable } from '../terminal/index.js';

export interface ShowBenchOptions {
  readonly pair?: string;
  readonly to?: string;
  readonly model?: string;
  readonly plugins?: readonly string[];
  readonly models?: string;
  readonly size?: readonly number[];
  readonly engine?: readonly string[];
  readonly precision?: readonly Precision[];
  readonly training?: boolean;
  readonly crop?: readonly number[];
  readonly batch?: readonly number[];
  readonly width?: number;
  readonly blocks?: number;
  readonly seconds?: number;
  readonly threads?: number;
  readonly json?: boolean;
}

/** @returns the exit code: 1 if something that was asked for has no figure */
export async function showBench(options: ShowBenchOptions): Promise<number> {
  const { engine, size, precision, seconds, models, json = false, ...rest } = options;
  const stop = new AbortController();
  const interrupt = (signal: NodeJS.Signals) => stop.abort(signal);
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  const printer = json ? undefined : new RowPrinter(engine !== undefined);
  try {
    const report = await bench({
      ...rest,
      engines: engine?.map(parseEngineChoice),
      sizes: size,
      precisions: precision,
      training: trainingSizes(options),
      budgetMs: seconds === undefined ? undefined : seconds * 1000,
      modelStore: models,
      signal: stop.signal,
      onStart: started => printer?.start(started),
      onRow: row => printer?.row(row),
    });
    if (json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
    return isComplete(report, engine !== undefined) ? exitCodes.ok : exitCodes.failed;
  } catch (error) {
    if (stop.signal.aborted) return stop.signal.reason === 'SIGTERM' ? 143 : 130;
    throw error;
  } finally {
    printer?.end();
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

function trainingSizes({ training, crop, batch, width, blocks }: ShowBenchOptions): readonly TrainingSize[] {
  if (!training) {
    const idle = Object.entries({ crop, batch, width, blocks }).find(([, value]) => value !== undefined);
    if (idle) throw new CycleboxError('USAGE', `--${idle[0]} is about training: give --training, too.`);
    return [];
  }
  return (crop ?? [128]).flatMap(size =>
    (batch ?? [1]).map(images => ({ size, width: width ?? 64, blocks: blocks ?? 9, batch: images })),
  );
}

function isComplete({ translation, training, leftOut }: BenchReport, wereNamed: boolean): boolean {
  const rows = [...translation, ...training];
  return rows.length > 0 && rows.every(row => !('reason' in row)) && !(wereNamed && leftOut.length > 0);
}

const columns = [9, 11, 11, 10, 24, 10, 10] as const;

/** Prints rows under headings, and on a terminal what is being measured below them. */
class RowPrinter {
  #heading = '';
  #waiting = false;
  readonly #wereNamed: boolean;

  /** @param wereNamed whether the user said which devices: then each that is left out has its reason */
  constructor(wereNamed: boolean) {
    this.#wereNamed = wereNamed;
    this.#wait('Looking for devices …');
  }

  start({ machine, model, devices, leftOut, secondsPerRow }: BenchReport): void {
    const { processor, threads } = machine;
    const what = model.pair === undefined ? model.path : `${model.pair}, to ${model.to}`;
    this.#print(`${what}; each figure from ${secondsPerRow} s of runs; CPU: ${processor}, ${threads} threads`);
    for (const { device } of devices) if (device.kind === 'gpu') this.#print(`${device.id}: ${device.name}`);
    for (const text of this.#leftOut(leftOut)) this.#print(text);
    this.#wait('Measuring …');
  }

  row(row: TranslationRow | TrainingRow): void {
    const isTraining = 'batch' in row;
    const { size, device } = row;
    this.#head(isTraining ? trainingHeading : translationHeading);
    const kind = isTraining ? `${row.width}, ${row.blocks}, ${row.batch}` : row.precision;
    const first = [device, `${size} × ${size}`, kind];
    if ('reason' in row) this.#print(line([...first, `not measured: ${row.reason}`]));
    else this.#print(line([...first, figure(isTraining ? row.stepsPerSecond : row.imagesPerSecond), ...times(row)]));
    if ('tiles' in row && row.tiles > 1) this.#print(`  in ${row.tiles} tiles, to fit into memory`);
    this.#wait('Measuring …');
  }

  end(): void {
    this.#clear();
  }

  /** What most machines do not have is no news to who asked for none of it. */
  #leftOut(leftOut: BenchReport['leftOut']): readonly string[] {
    const isNews = ({ fault }: BenchReport['leftOut'][number]) => this.#wereNamed || fault !== false;
    const rest = leftOut.filter(device => !isNews(device)).map(({ choice }) => choice);
    const news = leftOut.filter(isNews).map(({ choice, reason }) => `${choice} is not measured: ${reason}`);
    return rest.length === 0 ? news : [...news, `not here: ${rest.join(', ')} ("cyclebox doctor" says why)`];
  }

  #head(heading: readonly string[]): void {
    const text = line(heading);
    if (this.#heading !== text) this.#print(`\n${text}`);
    this.#heading = text;
  }

  #print(text: string): void {
    this.#clear();
    process.stdout.write(`${text.split('\n').map(printable).join('\n')}\n`);
  }

  #wait(text: string): void {
    if (!process.stderr.isTTY) return;
    process.stderr.write(text);
    this.#waiting = true;
  }

  #clear(): void {
    if (this.#waiting) process.stderr.write('\r\x1b[K');
    this.#waiting = false;
  }
}

const translationHeading = ['device', 'image', 'precision', 'images/s', 'ms (p10 to p90)', 'load ms', 'first ms'];
const trainingHeading = ['device', 'crop', 'w, b, batch', 'steps/s', 'ms (p10 to p90)', 'load ms', 'first ms'];

function times({ medianMs, lowMs, highMs, loadMs, firstMs }: RunTimes): readonly string[] {
  const range = `${figure(medianMs)} (${figure(lowMs)}–${figure(highMs)})`;
  return [range, figure(loadMs), figure(firstMs)];
}

/** Three digits. */
function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

function line(cells: readonly string[]): string {
  return cells
    .map((cell, index) => cell.padEnd(columns[index] ?? 0))
    .join('  ')
    .trimEnd();
}
