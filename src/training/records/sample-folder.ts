/**
 * The files of the sample grids in `OUT/samples/`: `step-0000500.png` is the whole grid; the folder `step-0000500/` has
 * each picture by itself (`01-a.png`, `01-fake-b.png`, …) and `sheet.webp`, the grid that `report.html` embeds.
 *
 * Only files of these names are ever removed.
 */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeImage, type Picture } from '../../image/index.js';
import type { EventOf, SampleColumn } from './history-event.js';
import { drawSheet, drawSmall, encodePng, type SampleGrid, tilesOf } from './sample-grid.js';
import { orWriteFailed } from './write-failed.js';

/** Which grids stay: the first, the latest ones, and those of steps that are multiples of a number. */
export interface SampleRetention {
  /** How many of the latest stay; at least 1. */
  readonly last: number;
  /** Of the older ones, those whose step this divides; 0: none but the first. */
  readonly everySteps: number;
}

export type SampleFiles = Pick<EventOf<'sample'>, 'columns' | 'sheet' | 'thumbnail' | 'files'>;

const folderName = 'samples';
const thumbnailSide = 192;
const thumbnailQuality = 78;
const pattern = /^step-(\d{7,})(?:\.png)?$/;

export class SampleFolder {
  readonly #out: string;

  /** @param out the run's folder */
  constructor(out: string) {
    this.#out = out;
  }

  /** Writes the files of one grid, over those of the same step if there are any; all of them or none. @throws WRITE_FAILED */
  async write(step: number, grid: SampleGrid): Promise<SampleFiles> {
    const tiles = tilesOf(grid);
    const name = `${folderName}/${stepName(step)}`;
    const files = tiles.map((_, row) => grid.columns.map(column => `${name}/${fileName(row, column)}`));
    const [sheet, thumbnail] = [`${name}.png`, `${name}/sheet.webp`];
    const flat = files.flat();
    const whole = orWriteFailed(join(this.#out, name), async () => {
      await mkdir(join(this.#out, name), { recursive: true });
      // All have ended before any of them is removed again.
      const written = await Promise.allSettled(tiles.flat().map((tile, at) => this.#write(flat[at]!, encodePng(tile))));
      for (const one of written) if (one.status === 'rejected') throw one.reason;
      await this.#write(sheet, drawSheet(grid.columns, tiles));
      await this.#write(thumbnail, drawThumbnail(tiles));
    });
    await whole.catch(async error => {
      await this.#remove([step]).catch(() => {});
      throw error;
    });
    return { columns: grid.columns, sheet, thumbnail, files };
  }

  /** Removes what `retention` does not keep. @throws WRITE_FAILED */
  async thin(retention: SampleRetention): Promise<void> {
    const steps = await this.#steps();
    const kept = new Set(keptSteps(steps, retention));
    await this.#remove(steps.filter(step => !kept.has(step)));
  }

  /** Removes the grids of steps beyond `step`, which a resumed run makes over again. @throws WRITE_FAILED */
  async rewind(step: number): Promise<void> {
    const steps = await this.#steps();
    await this.#remove(steps.filter(other => other > step));
  }

  async #write(name: string, content: Promise<Uint8Array>): Promise<void> {
    await writeFile(join(this.#out, name), await content);
  }

  /** Steps of which there are files, rising. */
  async #steps(): Promise<readonly number[]> {
    const names = await readdir(join(this.#out, folderName)).catch(() => [] as string[]);
    const steps = names.map(name => pattern.exec(name)?.[1]).filter(step => step !== undefined);
    return [...new Set(steps.map(Number))].sort((a, b) => a - b);
  }

  async #remove(steps: readonly number[]): Promise<void> {
    for (const step of steps) {
      const path = join(this.#out, folderName, stepName(step));
      await orWriteFailed(path, async () => {
        await rm(path, { recursive: true, force: true });
        await rm(`${path}.png`, { force: true });
      });
    }
  }
}

/** @param steps rising */
export function keptSteps(steps: readonly number[], { last, everySteps }: SampleRetention): readonly number[] {
  const latest = steps.length - Math.max(1, last);
  const isKept = (step: number, at: number) => at === 0 || at >= latest || (everySteps > 0 && step % everySteps === 0);
  return steps.filter(isKept);
}

const stepName = (step: number): string => `step-${String(step).padStart(7, '0')}`;

/** `01-fake-b.png`, for the first row and the column `fakeB`. */
function fileName(row: number, { key }: SampleColumn): string {
  const word = key.replace(/(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+/g, '-').toLowerCase();
  return `${String(row + 1).padStart(2, '0')}-${word}.png`;
}

async function drawThumbnail(tiles: readonly (readonly Picture[])[]): Promise<Uint8Array> {
  return encodeImage(await drawSmall(tiles, thumbnailSide), { format: 'webp', quality: thumbnailQuality });
}
