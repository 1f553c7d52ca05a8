/**
 * The sample grids that a report embeds: as many as make a smooth slider and no more, spread evenly over the run. Grids
 * whose files are gone (thinned out, removed) are passed over.
 */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { readRegularFile } from '../../base/index.js';
import type { EventOf, SampleColumn } from './history-event.js';

export interface ReportSamples {
  readonly columns: readonly SampleColumn[];
  readonly rows: number;
  /** Rising; `image` is a data URI of the grid without gaps. */
  readonly steps: readonly { readonly step: number; readonly image: string }[];
}

const mostSteps = 60;

/** Undefined when no grid can be shown. Grids with other columns or rows than the latest are left out. */
export async function reportSamples(
  out: string,
  samples: readonly EventOf<'sample'>[],
): Promise<ReportSamples | undefined> {
  const there = await filterAsync(samples, ({ thumbnail }) => exists(join(out, thumbnail)));
  const latest = there.at(-1);
  if (!latest) return undefined;
  const chosen = spreadEvenly(
    there.filter(sample => shapeOf(sample) === shapeOf(latest)),
    mostSteps,
  );
  const steps = await Promise.all(chosen.map(({ step, thumbnail }) => embed(step, join(out, thumbnail))));
  return { columns: latest.columns, rows: latest.files.length, steps };
}

/** At most `most` of them, the first and the last among them, those in between nearest to even distances of steps. */
export function spreadEvenly<T extends { readonly step: number }>(sorted: readonly T[], most: number): readonly T[] {
  const [first, last] = [sorted[0], sorted.at(-1)];
  if (!first || !last || sorted.length <= most) return sorted;
  const distance = (last.step - first.step) / (most - 1);
  const wanted = Array.from({ length: most }, (_, index) => first.step + index * distance);
  const chosen = new Set(wanted.map(step => nearest(sorted, step)));
  return sorted.filter(one => chosen.has(one));
}

function nearest<T extends { readonly step: number }>(candidates: readonly T[], step: number): T {
  return candidates.reduce((best, one) => (Math.abs(one.step - step) < Math.abs(best.step - step) ? one : best));
}

const shapeOf = ({ columns, files }: EventOf<'sample'>): string => `${columns.map(({ key }) => key)} × ${files.length}`;

async function embed(step: number, path: string): Promise<{ readonly step: number; readonly image: string }> {
  return { step, image: `data:image/webp;base64,${(await readRegularFile(path)).toString('base64')}` };
}

async function filterAsync<T>(values: readonly T[], holds: (value: T) => Promise<boolean>): Promise<readonly T[]> {
  const kept = await Promise.all(values.map(holds));
  return values.filter((_, at) => kept[at]);
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
