/**
 * `losses.csv`: a row per step, appended in batches. A resumed run appends after the rows that are there, so a step can
 * appear twice where a run was killed between two checkpoints; the later row counts.
 */
import { appendFile, mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

const rowsPerWrite = 50;

export class LossLog {
  readonly #path: string;
  #rows: string[] = [];

  constructor(path: string) {
    this.#path = path;
  }

  async add(step: number, losses: Readonly<Record<string, number>>): Promise<void> {
    if (this.#rows.length === 0 && !(await exists(this.#path))) {
      await mkdir(dirname(this.#path), { recursive: true });
      await appendFile(this.#path, `step,${Object.keys(losses).join(',')}\n`);
    }
    this.#rows.push([step, ...Object.values(losses).map(value => value.toPrecision(6))].join(','));
    if (this.#rows.length >= rowsPerWrite) await this.flush();
  }

  async flush(): Promise<void> {
    const rows = this.#rows;
    this.#rows = [];
    if (rows.length > 0) await appendFile(this.#path, `${rows.join('\n')}\n`);
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
