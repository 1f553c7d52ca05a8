/**
 * The work of `cyclebox demo`: a real daemon with its worker process on temporary folders, samples dropped into its
 * inbox as a person would, a table of what came out, and a contact sheet. It looks at nothing but the daemon's events
 * and the outbox, so that a green demo means a working daemon. The sheet's path is the last line printed.
 */
import { cp, mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CycleboxError, packageRoot } from '../base/index.js';
import { type DaemonEvent, loadConfig, startDaemon } from '../daemon/index.js';
import { type ContactSheetEntry, writeContactSheet } from './contact-sheet.js';
import { exitCodes, printError } from './report-error.js';

export interface DemoOptions {
  readonly plugins?: readonly string[];
  readonly models?: string;
}

/** A sample without a result after this long counts as failed: a demo must end. */
const patienceMs = 300_000;

const routes = [
  { match: 'satellite-to-map/**', pair: 'satellite-map', to: 'map' },
  { match: 'map-to-satellite/**', pair: 'satellite-map', to: 'satellite' },
];
const labels: Readonly<Record<string, string>> = {
  'satellite-map/map': 'satellite-map: satellite → map',
  'satellite-map/satellite': 'satellite-map: map → satellite',
};

type Outcome = Extract<DaemonEvent, { type: 'done' | 'failed' }>;
type Done = Extract<DaemonEvent, { type: 'done' }>;

/** @returns the exit code */
export async function runDemo(options: DemoOptions = {}): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'cyclebox-demo-'));
  const samples = await listSamples();
  console.log(`Inbox, outbox and everything else of this demo: ${folder}\n`);
  const outcomes = await translateSamples(await writeConfig(folder, options), samples);
  const done = outcomes.filter(outcome => outcome.type === 'done');
  for (const outcome of outcomes) if (outcome.type === 'failed') printError(outcome.error);
  console.log(`\n${done.length} done, ${samples.length - done.length} failed`);
  if (done.length > 0) await showSheet(folder, done);
  return done.length === samples.length ? exitCodes.ok : exitCodes.failed;
}

/** Paths of the bundled images, relative to the samples folder: their subfolders are those of the inbox. */
async function listSamples(): Promise<readonly string[]> {
  const found = await Promise.all(
    routes.map(async ({ match }) => {
      const folder = match.replace('/**', '');
      return (await readdir(join(packageRoot, 'samples', folder))).map(name => `${folder}/${name}`);
    }),
  );
  return found.flat().sort();
}

async function writeConfig(folder: string, options: DemoOptions): Promise<string> {
  const path = join(folder, 'watch-config.json');
  const config = {
    $schema: join(packageRoot, 'watch-config.schema.json'),
    inbox: 'inbox',
    outbox: 'outbox',
    state: 'state',
    plugins: options.plugins ?? [join(packageRoot, 'plugins')],
    ...(options.models !== undefined && { models: options.models }),
    settleMs: 300,
    routes,
  };
  await writeFile(path, `${JSON.stringify(config, null, 2)}\n`);
  return path;
}

async function translateSamples(configFile: string, samples: readonly string[]): Promise<readonly Outcome[]> {
  const config = await loadConfig(configFile);
  const table = new Table(samples);
  const results = new Outcomes(samples, outcome => table.row(outcome));
  const daemon = await startDaemon(config, { onEvent: event => results.hear(event) });
  try {
    table.head();
    for (const sample of samples) await cp(join(packageRoot, 'samples', sample), join(config.inbox, sample));
    return await results.all;
  } finally {
    await daemon.stop();
  }
}

/** Collects one outcome for each sample; what has none when patience ends has failed. */
class Outcomes {
  readonly all: Promise<readonly Outcome[]>;
  readonly #outcomes = new Map<string, Outcome>();
  readonly #samples: readonly string[];
  readonly #onOutcome: (outcome: Outcome) => void;
  readonly #patience: NodeJS.Timeout;
  #resolve: (outcomes: readonly Outcome[]) => void = () => {};

  constructor(samples: readonly string[], onOutcome: (outcome: Outcome) => void) {
    this.#samples = samples;
    this.#onOutcome = onOutcome;
    this.all = new Promise(resolve => {
      this.#resolve = resolve;
    });
    this.#patience = setTimeout(() => this.#giveUp(), patienceMs);
  }

  hear(event: DaemonEvent): void {
    if (event.type === 'trouble') printError(event.error);
    if (event.type !== 'done' && event.type !== 'failed') return;
    this.#outcomes.set(event.path, event);
    this.#onOutcome(event);
    if (this.#samples.every(sample => this.#outcomes.has(sample))) this.#end();
  }

  #giveUp(): void {
    const missing = this.#samples.filter(sample => !this.#outcomes.has(sample));
    const message = `No result within ${patienceMs / 60_000} minutes for ${missing.join(', ')}.`;
    printError(new CycleboxError('TIMED_OUT', message));
    this.#end();
  }

  #end(): void {
    clearTimeout(this.#patience);
    this.#resolve([...this.#outcomes.values()]);
  }
}

/** Rows appear as results do; the widths are known before, from the samples. */
class Table {
  readonly #widths: readonly [number, number, number, number];

  constructor(samples: readonly string[]) {
    const longest = (texts: readonly string[]) => Math.max(...texts.map(text => text.length));
    this.#widths = [longest(samples), longest(Object.values(labels)), 11, 7];
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
    this.#print(path, labels[translation] ?? translation, `${report.width}×${report.height}`, String(Math.round(ms)));
  }

  #print(file: string, pair: string, size: string, ms: string): void {
    const [a, b, c, d] = this.#widths;
    console.log(`${file.padEnd(a)}  ${pair.padEnd(b)}  ${size.padStart(c)}  ${ms.padStart(d)}`);
  }
}

async function showSheet(folder: string, done: readonly Done[]): Promise<void> {
  const entries: ContactSheetEntry[] = done
    .toSorted((a, b) => a.path.localeCompare(b.path))
    .map(({ path, output }) => ({
      caption: path,
      before: join(folder, 'inbox', path),
      after: join(folder, 'outbox', output),
    }));
  const sheet = join(folder, 'contact-sheet.png');
  await writeContactSheet(sheet, entries);
  console.log('Each sample beside its translation:');
  console.log(sheet);
}
