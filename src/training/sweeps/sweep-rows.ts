/** The trainings of a sweep, in the order in which they are trained: all rows with the first seed, then with the next. */
import { createHash } from 'node:crypto';
import { basename, isAbsolute } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { CycleboxError } from '../../base/index.js';
import type { TrainingFile } from '../option-groups.js';
import type { SweepFile } from './sweep-file.js';

export interface SweepRow {
  /** Of letters, digits, ".", "_" and "-", and of no other row. */
  readonly name: string;
  /** What differs from other rows. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** All of its options but the seed. */
  readonly options: TrainingFile;
}

export interface SweepRun {
  readonly row: SweepRow;
  readonly seed: number;
  /** A name for its folder. */
  readonly name: string;
  readonly options: TrainingFile;
}

const longestName = 48;

/**
 * @param below options that give way to the sweep's
 * @param above options that go before the sweep's
 * @throws USAGE for rows that are the same
 */
export function rowsOf({ base, factors, rows }: SweepFile, below: TrainingFile = {}, above: TrainingFile = {}) {
  const all = rows?.map(({ name, ...own }) => ({ name, own })) ?? combinations(factors ?? {});
  const complete = all.map(({ name, own }) => ({ name, own, options: { ...below, ...base, ...own, ...above } }));
  const varying = varyingNames(all.map(({ own }) => own));
  const made: SweepRow[] = [];
  for (const { name, own, options } of complete) {
    const settings = Object.fromEntries(varying.map(option => [option, (own as Record<string, unknown>)[option]]));
    const same = made.find(row => row.name === name || isDeepStrictEqual(row.options, options));
    if (same) {
      const message = `Two rows of the sweep are the same, or called the same: ${same.name}. Leave one out, or give it another "name".`;
      throw new CycleboxError('USAGE', message);
    }
    made.push({ name: name ?? nameOf(settings), settings, options: withEvaluation(options as TrainingFile) });
  }
  return made as readonly SweepRow[];
}

export function runsOf(rows: readonly SweepRow[], seeds: readonly number[]): readonly SweepRun[] {
  return seeds.flatMap(seed =>
    rows.map(row => ({ row, seed, name: `${row.name}-s${seed}`, options: { ...row.options, seed } })),
  );
}

/** An option's value as a table shows it: of a folder its last name. */
export function valueText(value: unknown): string {
  if (value === undefined) return '';
  if (Array.isArray(value)) return value.join('+');
  return typeof value === 'string' && isAbsolute(value) ? basename(value) : String(value);
}

interface Combination {
  readonly name: string | undefined;
  readonly own: object;
}

function combinations(factors: Readonly<Record<string, unknown>>): readonly Combination[] {
  const lists = Object.entries(factors).filter(([, values]) => values !== undefined);
  return lists.reduce<readonly Combination[]>(
    (rows, [option, values]) =>
      rows.flatMap(({ own }) =>
        (values as readonly unknown[]).map(value => ({ name: undefined, own: { ...own, [option]: value } })),
      ),
    [{ name: undefined, own: {} }],
  );
}

/** Options of which two rows have different values, in the order in which they are written. */
function varyingNames(rows: readonly object[]): readonly string[] {
  const names = [...new Set(rows.flatMap(row => Object.keys(row)))];
  const of = (row: object, name: string) => (row as Record<string, unknown>)[name];
  const varying = names.filter(name => rows.some(row => !isDeepStrictEqual(of(row, name), of(rows[0]!, name))));
  return varying.length > 0 ? varying : names;
}

/** The same in every sweep that has this row: more of them may be added later. */
function nameOf(settings: Readonly<Record<string, unknown>>): string {
  const given = Object.entries(settings).filter(([, value]) => value !== undefined);
  const text = given.map(([option, value]) => `${option}-${valueText(value)}`).join('_') || 'base';
  const safe = text.replace(/[^A-Za-z0-9._-]+/g, '-');
  const isWhole = given.every(([, value]) => valueText(value) === String(value));
  if (isWhole && safe === text && safe.length <= longestName) return safe;
  const mark = createHash('sha256').update(JSON.stringify(settings)).digest('hex').slice(0, 6);
  return `${safe.slice(0, longestName - 7)}-${mark}`;
}

/** What is compared is measured at the last step, where nothing else is said. */
function withEvaluation(options: TrainingFile): TrainingFile {
  const { steps = 0, evaluateEvery, testA, testB } = options;
  if (evaluateEvery !== undefined || steps === 0 || testA === undefined || testB === undefined) return options;
  return { ...options, evaluateEvery: evenShare(steps) };
}

const usualEvery = 2000;

/** A share of the steps that comes out even, near the usual one from below; all of them where there is none. */
function evenShare(steps: number): number {
  const least = Math.ceil(steps / usualEvery);
  for (let parts = least; parts <= 2 * least; parts++) if (steps % parts === 0) return steps / parts;
  return steps;
}
