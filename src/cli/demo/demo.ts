/**
 * The work of `cyclebox demo`: a real daemon with its worker process on temporary folders, samples dropped into its
 * inbox as a person would, a table of what came out, and a contact sheet. It looks at nothing but the daemon's events
 * and the outbox, so that a green demo means a working daemon. The sheet's path is the last line printed.
 */
import { cp, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { CycleboxError, packageRoot } from '../../base/index.js';
import { type DaemonEvent, loadConfig, startDaemon } from '../../daemon/index.js';
import { type ContactSheetEntry, writeContactSheet } from '../sheets/index.js';
import { exitCodes, printError } from '../terminal/index.js';
import { type DemoPlan, type DemoRoute, directionName, planDemo, samplesFolder } from './demo-plan.js';

export interface DemoOptions {
  readonly plugins?: readonly string[];
  readonly models?: string;
}

/** Images without a result after this long count as failed: a demo must end. */
const patienceMs = 300_000;

type Outcome = Extract<DaemonEvent, { type: 'done' | 'failed' }>;
type Done = Extract<DaemonEvent, { type: 'done' }>;

/** A file for the inbox: where it comes from, and its path there. */
interface Drop {
  readonly source: string;
  readonly path: string;
}

/** @returns the exit code */
export async function runDemo(options: DemoOptions = {}): Promise<number> {
  const plan = await planDemo({ plugins: options.plugins, modelStore: options.models });
  for (const problem of plan.problems) printError(problem);
  if (plan.routes.length === 0) throw nothingToShow(plan);
  const folder = await mkdtemp(join(tmpdir(), 'cyclebox-demo-'));
  console.log(`Inbox, outbox and everything else of this demo: ${folder}\n`);
  const outcomes = await translate(await writeConfig(folder, plan, options), folder, plan);
  const done = outcomes.filter(outcome => outcome.type === 'done');
  for (const outcome of outcomes) if (outcome.type === 'failed') printError(outcome.error);
  const failed = expectedCount(plan) - done.length;
  console.log(`\n${done.length} done, ${failed} failed`);
  explain(plan);
  if (done.length > 0) await showSheet(folder, plan, done);
  return failed === 0 && plan.problems.length === 0 ? exitCodes.ok : exitCodes.failed;
}

function nothingToShow({ leftOut }: DemoPlan): CycleboxError {
  const why = leftOut.map(({ direction, why }) => `${direction} has ${why}`).join('; ') || 'no plugin registers a pair';
  return new CycleboxError(
    'MODEL_MISSING',
    `There is nothing to show: ${why}. "cyclebox pairs" says how to get models.`,
  );
}

function expectedCount({ routes }: DemoPlan): number {
  const own = (folder: string | undefined) => routes.find(route => route.folder === folder)?.samples.length ?? 0;
  return routes.reduce((sum, { samples, shownOn }) => sum + samples.length + own(shownOn), 0);
}

/** What is not shown, and what is shown on images that are none of its domain. */
function explain({ routes, leftOut }: DemoPlan): void {
  for (const route of routes)
    if (route.shownOn !== undefined)
      console.log(`${directionName(route)} is shown on the outputs of ${route.shownOn}: samples/ has none of its own.`);
  for (const { direction, why } of leftOut) console.log(`${direction} is not shown: ${why}.`);
}

async function writeConfig(folder: string, { routes }: DemoPlan, options: DemoOptions): Promise<string> {
  const path = join(folder, 'watch-config.json');
  const config = {
    $schema: join(packageRoot, 'watch-config.schema.json'),
    inbox: 'inbox',
    outbox: 'outbox',
    state: 'state',
    plugins: options.plugins?.map(each => resolve(each)) ?? [join(packageRoot, 'plugins')],
    ...(options.models !== undefined && { models: resolve(options.models) }),
    settleMs: 300,
    routes: routes.map(route => ({ match: `${route.folder}/**`, pair: route.pair, to: route.to })),
  };
  await writeFile(path, `${JSON.stringify(config, null, 2)}\n`);
  return path;
}

/** Samples first, then what came out of them for the directions that are shown on that. */
async function translate(configFile: string, folder: string, { routes }: DemoPlan): Promise<readonly Outcome[]> {
  const config = await loadConfig(configFile, {});
  const samples = routes.flatMap(ownDrops);
  const table = new Table(routes, samples);
  const results = new Outcomes(outcome => table.row(outcome));
  const daemon = await startDaemon(config, { onEvent: event => results.hear(event) });
  try {
    table.head();
    const first = await results.of(samples, drop => putInto(config.inbox, drop));
    const borrowed = routes.flatMap(route => borrowedDrops(route, first, join(folder, 'outbox')));
    return [...first, ...(await results.of(borrowed, drop => putInto(config.inbox, drop)))];
  } finally {
    await daemon.stop();
  }
}

const ownDrops = ({ folder, samples }: DemoRoute): readonly Drop[] =>
  samples.map(name => ({ source: join(samplesFolder, folder, name), path: `${folder}/${name}` }));

function borrowedDrops({ folder, shownOn }: DemoRoute, outcomes: readonly Outcome[], outbox: string): readonly Drop[] {
  if (shownOn === undefined) return [];
  return outcomes
    .filter(outcome => outcome.type === 'done' && outcome.path.startsWith(`${shownOn}/`))
    .map(outcome => ({
      source: join(outbox, (outcome as Done).output),
      path: `${folder}/${(outcome as Done).output.slice(shownOn.length + 1)}`,
    }));
}

async function putInto(inbox: string, { source, path }: Drop): Promise<void> {
  await mkdir(dirname(join(inbox, path)), { recursive: true });
  await cp(source, join(inbox, path));
}

/** Collects one outcome for each file; what has none when patience ends has failed. */
class Outcomes {
  readonly #onOutcome: (outcome: Outcome) => void;
  readonly #outcomes = new Map<string, Outcome>();
  #changed: () => void = () => {};

  constructor(onOutcome: (outcome: Outcome) => void) {
    this.#onOutcome = onOutcome;
  }

  hear(event: DaemonEvent): void {
    if (event.type === 'warning') printError(event.error);
    if (event.type !== 'done' && event.type !== 'failed') return;
    this.#outcomes.set(event.path, event);
    this.#onOutcome(event);
    this.#changed();
  }

  /** Puts the files where the daemon sees them, and waits for what becomes of them. */
  async of(drops: readonly Drop[], put: (drop: Drop) => Promise<void>): Promise<readonly Outcome[]> {
    const isMissing = ({ path }: Drop) => !this.#outcomes.has(path);
    const ended = this.#until(() => !drops.some(isMissing));
    for (const drop of drops) await put(drop);
    await ended;
    const missing = drops.filter(isMissing).map(({ path }) => path);
    if (missing.length > 0) printError(noResult(missing));
    return drops.flatMap(({ path }) => this.#outcomes.get(path) ?? []);
  }

  async #until(isOver: () => boolean): Promise<void> {
    await new Promise<void>(end => {
      const patience = setTimeout(end, patienceMs);
      this.#changed = () => {
        if (!isOver()) return;
        clearTimeout(patience);
        end();
      };
      this.#changed();
    });
  }
}

function noResult(paths: readonly string[]): CycleboxError {
  const message = `No result within ${patienceMs / 60_000} minutes for ${paths.join(', ')}.`;
  return new CycleboxError('TIMED_OUT', message);
}

/** Rows appear as results do; the widths are known before, from the samples. */
class Table {
  readonly #labels: ReadonlyMap<string, string>;
  readonly #widths: readonly [number, number, number, number];

  constructor(routes: readonly DemoRoute[], samples: readonly Drop[]) {
    this.#labels = new Map(routes.map(route => [`${route.pair}/${route.to}`, directionName(route)]));
    const longest = (texts: readonly string[]) => Math.max(...texts.map(text => text.length));
    this.#widths = [longest(samples.map(({ path }) => path)), longest([...this.#labels.values()]), 11, 7];
  }

  head(): void {
    this.#print('file', 'pair', 'size', 'ms');
  }

  row(outcome: Outcome): void {
    if (outcome.type === 'failed') {
      this.#print(outcome.path, outcome.error.code, '-', 'failed');
      return;
    }
    const { path, translation, report, ms } = outcome;
    const label = this.#labels.get(translation) ?? translation;
    this.#print(path, label, `${report.width}×${report.height}`, String(Math.round(ms)));
  }

  #print(file: string, pair: string, size: string, ms: string): void {
    const [a, b, c, d] = this.#widths;
    console.log(`${file.padEnd(a)}  ${pair.padEnd(b)}  ${size.padStart(c)}  ${ms.padStart(d)}`);
  }
}

/** In the order of the plan, so that the directions of a pair stand together. */
async function showSheet(folder: string, { routes }: DemoPlan, done: readonly Done[]): Promise<void> {
  const entries: ContactSheetEntry[] = routes.flatMap(({ folder: route, shownOn }) =>
    done
      .filter(({ path }) => path.startsWith(`${route}/`))
      .toSorted((a, b) => a.path.localeCompare(b.path))
      .map(({ path, output }) => ({
        caption: shownOn === undefined ? path : `${path}, made by ${shownOn}`,
        before: join(folder, 'inbox', path),
        after: join(folder, 'outbox', output),
      })),
  );
  const sheet = join(folder, 'contact-sheet.png');
  await writeContactSheet(sheet, entries);
  console.log('Each sample beside its translation:');
  console.log(sheet);
}
