/**
 * Trainings for tests: two folders of small images, the same every time, settings of networks that take milliseconds a step,
 * and real `cyclebox train` processes whose events are read line by line.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import sharp from 'sharp';
import { onTestFinished } from 'vitest';
import { packageRoot, Random, sha256File } from '../../src/base/index.js';
import type { TrainingEvent, TrainingOptions } from '../../src/training/index.js';
import { temporaryFolder } from './pictures.js';

/** A folder with `a` and `b`: five images of noise around a colour in each. It is removed when the test ends. */
export async function trainingFolder(): Promise<string> {
  const folder = await temporaryFolder();
  await Promise.all([writeNoise(join(folder, 'a'), [200, 60, 40]), writeNoise(join(folder, 'b'), [30, 80, 190])]);
  return folder;
}

async function writeNoise(folder: string, colour: readonly [number, number, number]): Promise<void> {
  await mkdir(folder, { recursive: true });
  const random = new Random(colour[0]);
  for (let index = 0; index < 5; index++) {
    const pixels = Uint8Array.from({ length: 48 * 40 * 3 }, (_, at) => colour[at % 3]! + random.integer(50));
    await sharp(pixels, { raw: { width: 48, height: 40, channels: 3 } })
      .png()
      .toFile(join(folder, `${index}.png`));
  }
}

/** @param folder as made above; the run's is `run` in it */
export function tinyTraining(folder: string, more: Partial<TrainingOptions> = {}): TrainingOptions {
  const [a, b, out] = [join(folder, 'a'), join(folder, 'b'), join(folder, 'run')];
  return { pair: 'red-blue', a, b, out, size: 32, loadSize: 36, width: 4, blocks: 1, poolSize: 2, steps: 6, ...more };
}

/** One square of one colour in each of `a` and `b`: for tests that look at a run, not at its data. */
export async function writePlainImages(folder: string, side: number): Promise<void> {
  for (const [domain, red] of [
    ['a', 200],
    ['b', 30],
  ] as const) {
    await mkdir(join(folder, domain));
    const background = { r: red, g: 60, b: 90 };
    await sharp({ create: { width: side, height: side, channels: 3, background } }).toFile(
      join(folder, domain, '1.png'),
    );
  }
}

/** Four steps on them, with everything that is not named here by default. */
export function plainTraining(folder: string, more: Partial<TrainingOptions> = {}): TrainingOptions {
  const [a, b, out] = [join(folder, 'a'), join(folder, 'b'), join(folder, 'run')];
  return { pair: 'red-blue', a, b, out, size: 32, width: 4, blocks: 1, steps: 4, ...more };
}

/** `tinyTraining` as arguments, but for `--out`. */
export const tinyArguments: readonly string[] =
  '--pair red-blue --a a --b b --size 32 --load-size 36 --width 4 --blocks 1 --pool 2'.split(' ');

/** An event as `--json` prints it; how the training ended comes as one of kind `ended`. */
export type PrintedEvent = TrainingEvent | { readonly kind: 'ended'; readonly ended: string; readonly step: number };

export interface TrainingRun {
  readonly child: ChildProcess;
  readonly events: readonly PrintedEvent[];
  /** Resolves at the first event that fits, past ones included; rejects when the run ends without one. */
  heard(fits: (event: PrintedEvent) => boolean): Promise<PrintedEvent>;
  readonly ended: Promise<{ readonly code: number | null; readonly err: string }>;
}

/** Runs the built `cyclebox train --json` in `cwd`; it is killed when the test ends. */
export function startTraining(cwd: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): TrainingRun {
  const entry = join(packageRoot, 'dist/cli/main.js');
  const child = spawn(process.execPath, [entry, 'train', '--json', ...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const events: PrintedEvent[] = [];
  const listeners = new Set<() => void>();
  createInterface({ input: child.stdout }).on('line', line => {
    events.push(JSON.parse(line) as PrintedEvent);
    for (const listener of listeners) listener();
  });
  const err = text(child.stderr);
  const ended = once(child, 'close').then(async ([code]) => ({ code: code as number | null, err: await err }));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return { child, events, ended, heard: fits => firstThat(fits, events, listeners, ended) };
}

function firstThat(
  fits: (event: PrintedEvent) => boolean,
  events: readonly PrintedEvent[],
  listeners: Set<() => void>,
  ended: TrainingRun['ended'],
): Promise<PrintedEvent> {
  return new Promise((resolve, reject) => {
    const look = () => {
      const found = events.find(fits);
      if (!found) return;
      listeners.delete(look);
      resolve(found);
    };
    listeners.add(look);
    void ended.then(({ code, err }) => reject(new Error(`ended with ${code} without what was waited for: ${err}`)));
    look();
  });
}

/** SHA-256 of the files of a run's exported pair, by name. */
export async function exportedHashes(out: string): Promise<Readonly<Record<string, string>>> {
  const names = ['package.json', 'to-red.onnx', 'to-blue.onnx'];
  const hashes = await Promise.all(names.map(name => sha256File(join(out, 'plugins', 'red-blue', name))));
  return Object.fromEntries(names.map((name, index) => [name, hashes[index]!]));
}

/** Pids of the processes that `pid` has started and that are there still (Linux). */
export async function childrenOf(pid: number): Promise<readonly number[]> {
  const list = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return list.split(' ').filter(Boolean).map(Number);
}

/** Resolves when a process that is not this one's child has ended (Linux): nobody tells, so the system is asked. */
export async function whenGone(pid: number): Promise<void> {
  for (;;) {
    const state = /^\d+ \(.*\) (\w)/.exec(await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''))?.[1];
    if (state === undefined || state === 'Z') return;
  }
}
