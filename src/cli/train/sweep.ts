/**
 * A sweep on the command line: which trainings it has, where each of them lies, and what is told when one has ended. Who trains them is
 * ./local-sweep.ts, one after the other, or ./queued-sweep.ts, on workers.
 */
import { basename, dirname, join, resolve } from 'node:path';
import { CycleboxError } from '../../base/index.js';
import {
  checkTraining,
  type RunResult,
  rowsOf,
  runsOf,
  type SweepRow,
  type SweepRun,
  sweepResults,
  type TrainingFile,
} from '../../training/index.js';
import { readSweepFile } from './sweep-config.js';
import { sweepText, writeSweepResults } from './sweep-results-files.js';

export interface SweepCall {
  /** Its file. */
  readonly sweep: string;
  /** Of `--config`, which give way to the sweep's. */
  readonly below: TrainingFile;
  /** Of the command line, which go before. */
  readonly given: TrainingFile;
  readonly json: boolean;
}

export class Sweep {
  readonly name: string;
  /** Where its table goes. */
  readonly folder: string;
  readonly rows: readonly SweepRow[];
  readonly runs: readonly SweepRun[];
  readonly #best: string;
  readonly #results = new Map<string, RunResult>();

  private constructor(
    name: string,
    folder: string,
    rows: readonly SweepRow[],
    runs: readonly SweepRun[],
    best: string,
  ) {
    this.name = name;
    this.folder = folder;
    this.rows = rows;
    this.runs = runs;
    this.#best = best;
  }

  /** @throws CONFIG_NOT_FOUND, CONFIG_INVALID, and USAGE for a row that cannot be trained */
  static async open({ sweep: file, below, given }: SweepCall): Promise<Sweep> {
    const sweep = await readSweepFile(file);
    const { out, seed, stopAt: _, ...above } = given;
    const { out: _out, seed: _seed, stopAt: _stop, $schema: _schema, ...under } = below;
    const folder = out === undefined ? dirname(resolve(file)) : resolve(out);
    const rows = rowsOf(sweep, under, above);
    for (const row of rows) requireTrainable(row);
    const seeds = seed === undefined ? [...new Set(sweep.seeds ?? [1])] : [seed];
    const best = sweep.best ?? String(rows[0]?.options.best ?? 'balance');
    const name =
      sweep.name ??
      (basename(folder)
        .replace(/[^A-Za-z0-9._-]+/g, '-')
        .slice(0, 24) ||
        'sweep');
    return new Sweep(name, folder, rows, runsOf(rows, seeds), best);
  }

  /** Where the run lies that is trained on this machine. */
  outOf({ name }: SweepRun): string {
    return join(this.folder, 'runs', name);
  }

  /** Writes the table with what came of one more. */
  async add(result: RunResult): Promise<void> {
    this.#results.set(result.name, result);
    await writeSweepResults(this.folder, this.#now());
  }

  /** Prints the table, or the document. @returns whether all were trained to the end */
  print(json: boolean): boolean {
    const results = this.#now();
    if (json) print(JSON.stringify({ kind: 'sweep', ...results }));
    else
      print(`\n${sweepText(results)}\n\nWritten to ${join(this.folder, 'results.md')}, results.csv and results.json`);
    return this.runs.every(({ name }) => this.#results.get(name)?.state === 'finished');
  }

  #now() {
    return sweepResults(this.rows, [...this.#results.values()], this.#best);
  }
}

/** One line about a run that has ended. */
export function resultLine({ name, state, steps, error }: RunResult): string {
  if (error) return `${name} failed: ${error.code}: ${error.message}`;
  return `${name} ${state === 'finished' ? 'is trained' : 'was stopped'}, ${steps} steps`;
}

export const print = (text: string) => void process.stdout.write(`${text}\n`);

function requireTrainable({ name, options }: SweepRow): void {
  const { pair, a, b } = options;
  try {
    if (pair === undefined || a === undefined || b === undefined)
      throw new CycleboxError('USAGE', 'A training needs pair, a and b: name them in "base".');
    checkTraining({ ...options, out: '.' });
  } catch (error) {
    if (!(error instanceof CycleboxError)) throw error;
    throw new CycleboxError(error.code, `Row ${name} of the sweep: ${error.message}`);
  }
}
