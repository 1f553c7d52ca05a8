/**
 * The work of `cyclebox replay` and `cyclebox plugins bisect`: a job of the journal done again, plugin by plugin, with a picture
 * after each; or again and again with fewer plugins, until the one is found that spoils it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { asCycleboxError, CycleboxError, recordedStates } from '../../base/index.js';
import { findService, loadConfig, processorsOfJob, replayJob } from '../../daemon/index.js';
import { encodeImage, readPicture } from '../../image/index.js';
import type { QueueEntry } from '../../inbox/index.js';
import { exitCodes, printError } from '../terminal/index.js';

export interface ReplayCommandOptions {
  readonly config: string;
  readonly out?: string;
  readonly json?: boolean;
}

export interface BisectOptions extends ReplayCommandOptions {
  /** A program that is given a picture, and fails for a spoilt one. */
  readonly test?: string;
  /** Asks a person; for tests. Default: on the terminal. */
  readonly ask?: ((question: string) => Promise<boolean>) | undefined;
}

interface StageLine {
  readonly stage: string;
  readonly picture: string;
  readonly ms: number;
}

/** @returns the exit code: 1 when it fails again */
export async function replay(job: string, { config: file, out, json }: ReplayCommandOptions): Promise<number> {
  const entry = await jobCalled(job, file);
  const folder = resolve(out ?? `replay-${entry.id}`);
  const lines: StageLine[] = [];
  const told = (line: StageLine) => {
    lines.push(line);
    if (!json) print(`${line.stage.padEnd(28)} ${String(line.ms).padStart(7)} ms  ${line.picture}`);
  };
  const outcome = await runOnce(entry, file, folder, told);
  if (json) print(JSON.stringify({ job: entry.id, path: entry.path, stages: lines, ...outcome }, null, 2));
  else if ('result' in outcome) print(`${entry.path} went well as ${outcome.translation}: ${outcome.result}`);
  else printError(new CycleboxError(outcome.error.code, outcome.error.message));
  return 'error' in outcome ? exitCodes.failed : exitCodes.ok;
}

/** @returns the exit code: 0 when a plugin was found, or none is to blame */
export async function bisect(job: string, options: BisectOptions): Promise<number> {
  const entry = await jobCalled(job, options.config);
  const { preprocessors, postprocessors } = processorsOfJob(entry);
  const all = [...preprocessors, ...postprocessors];
  const isSpoilt = async (count: number) => {
    const only = {
      preprocessors: preprocessors.slice(0, count),
      postprocessors: postprocessors.slice(0, Math.max(0, count - preprocessors.length)),
    };
    return await judge(entry, options, only, all.slice(0, count));
  };
  if (all.length === 0) return say(`No plugin changes ${entry.path}.`, { job: entry.id }, options);
  if (await isSpoilt(0))
    return say('It is spoilt without any plugin, too: look at the image and the model.', {}, options);
  if (!(await isSpoilt(all.length))) return say('It is not spoilt any more, with all plugins.', {}, options);
  const culprit = all[(await firstSpoilt(all.length, isSpoilt)) - 1] ?? '';
  return say(`${culprit} is what spoils ${entry.path}.`, { culprit }, options);
}

/** The least count for which it is spoilt; it is not for none, and is for all. */
async function firstSpoilt(all: number, isSpoilt: (count: number) => Promise<boolean>): Promise<number> {
  let [good, bad] = [0, all];
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (await isSpoilt(middle)) bad = middle;
    else good = middle;
  }
  return bad;
}

type Only = Parameters<typeof replayJob>[2]['only'];

/** What fails is spoilt; anything else is for the program, or the person, to say. */
async function judge(entry: QueueEntry, options: BisectOptions, only: Only, ids: readonly string[]): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'cyclebox-bisect-'));
  try {
    const outcome = await runOnce(entry, options.config, folder, () => {}, only);
    if ('error' in outcome) return true;
    if (options.test !== undefined) return (await exitOf(options.test, outcome.result)) !== 0;
    return await (options.ask ?? askOnTerminal)(
      `with ${ids.join(', ') || 'no plugin'}: ${outcome.result}\nIs it spoilt? [y/n] `,
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** @throws USAGE where nobody is there to answer */
export async function askOnTerminal(
  question: string,
  input: NodeJS.ReadStream = process.stdin,
  output: NodeJS.WritableStream = process.stderr,
): Promise<boolean> {
  if (!input.isTTY)
    throw new CycleboxError(
      'USAGE',
      'Nobody is there to look: name a program with --test that fails for a spoilt picture.',
    );
  const lines = createInterface({ input, output });
  try {
    return /^y/i.test(await lines.question(question));
  } finally {
    lines.close();
  }
}

async function exitOf(command: string, picture: string): Promise<number> {
  const child = spawn(command, [picture], { stdio: ['ignore', 'inherit', 'inherit'] });
  child.once('error', () => {});
  const [code] = (await once(child, 'close')) as [number | null];
  if (code === null || code < 0) throw new CycleboxError('USAGE', `"${command}" could not be run.`);
  return code;
}

type Outcome =
  | { readonly result: string; readonly translation: string }
  | { readonly error: Pick<CycleboxError, 'code' | 'message'> };

async function runOnce(
  entry: QueueEntry,
  file: string,
  folder: string,
  told: (line: StageLine) => void,
  only?: Only,
): Promise<Outcome> {
  await mkdir(folder, { recursive: true });
  const pictures = await mkdtemp(join(tmpdir(), 'cyclebox-replay-'));
  const stages: { readonly stage: string; readonly picture: string; readonly ms: number }[] = [];
  const result = join(folder, `result-${process.pid}-${Date.now()}`);
  try {
    const onStage = (stage: string, picture: string, ms: number) =>
      void stages.push({ stage, picture, ms: Math.round(ms) });
    const report = await replayJob(await loadConfig(file), entry, { pictures, result, onStage, only });
    return { result, translation: report.translation };
  } catch (error) {
    const { code, message } = asCycleboxError(error);
    return { error: { code, message } };
  } finally {
    for (const [i, { stage, picture, ms }] of stages.entries())
      told({ stage, ms, picture: await asPng(picture, join(folder, `${i + 1}-${stage.replaceAll(' ', '-')}.png`)) });
    await rm(pictures, { recursive: true, force: true });
  }
}

async function asPng(pixels: string, png: string): Promise<string> {
  await writeFile(png, await encodeImage(await readPicture(pixels), { format: 'png' }));
  return png;
}

/** @throws USAGE when there is none, or more than one begins so */
async function jobCalled(job: string, file: string): Promise<QueueEntry> {
  const { service } = await findService(file);
  try {
    const entries = await service.list({ states: recordedStates, limit: 1_000_000 });
    const found = entries.filter(({ id, path }) => id === job || id.startsWith(job) || path === job);
    const exact = found.find(({ id }) => id === job) ?? (found.length === 1 ? found[0] : undefined);
    if (exact) return exact;
    const which = found.length > 1 ? `${found.length} jobs are called "${job}…"` : `There is no job "${job}"`;
    throw new CycleboxError('USAGE', `${which}; "cyclebox queue list --all" lists them.`);
  } finally {
    await service.dispose();
  }
}

function say(text: string, record: object, { json }: BisectOptions): number {
  print(json ? JSON.stringify({ text, ...record }) : text);
  return exitCodes.ok;
}

const print = (line: string): boolean => process.stdout.write(`${line}\n`);
