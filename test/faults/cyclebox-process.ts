/**
 * Real `cyclebox` processes from dist/ on temporary folders, whose log is read line by line. Nothing here waits for
 * time to pass: tests wait for a line of the log, for the end of the process, or for a change of a folder.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { watch } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished, vi } from 'vitest';
import { packageRoot } from '../../src/base/index.js';
import type { WatchConfig } from '../../src/daemon/index.js';
import { writeTinyOnnx } from '../support/tiny-onnx.js';

/** Each test starts several processes; a machine may have other things to do. */
vi.setConfig({ testTimeout: 240_000 });

export type LogRecord = Readonly<Record<string, unknown>> & { readonly msg?: string };

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Everything written to both outputs. */
  readonly text: string;
}

export interface CycleboxProcess {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly records: readonly LogRecord[];
  readonly ended: Promise<Ended>;
  /** Resolves at the first record that fits, past ones included; rejects when the process ends without one. */
  heard(fits: (record: LogRecord) => boolean): Promise<LogRecord>;
  /** Resolves when `condition` holds, which is asked at each line of the log; rejects when the process ends before. */
  until(condition: () => boolean): Promise<void>;
  /** Sends SIGKILL and waits for the end. */
  kill(): Promise<Ended>;
  /** Sends SIGTERM and waits for the end. */
  stop(): Promise<Ended>;
}

const manifest = {
  name: 'day-night',
  version: '1.0.0',
  engines: { cyclebox: '^1.0.0' },
  contributes: {
    domainPairs: [{ id: 'day-night', domains: ['day', 'night'], models: { night: { path: 'to-night.onnx' } } }],
  },
};

const usual: WatchConfig = {
  plugins: ['plugins'],
  settleMs: 20,
  rescanMs: 60_000,
  threads: 1,
  routes: [{ match: 'day-to-night/**', pair: 'day-night', to: 'night' }],
};

/** A project folder with one pair, whose model negates; removed when the test ends. */
export async function project(
  config: Partial<WatchConfig> = {},
  whenFinished: WhenFinished = onTestFinished,
): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'cyclebox-test-'));
  whenFinished(() => rm(root, { recursive: true, force: true }));
  await mkdir(join(root, 'plugins/day-night'), { recursive: true });
  await mkdir(join(root, 'inbox/day-to-night'), { recursive: true });
  await writeTinyOnnx(join(root, 'plugins/day-night/to-night.onnx'), { kind: 'negate' });
  await writeFile(join(root, 'plugins/day-night/package.json'), JSON.stringify(manifest));
  await configure(root, config);
  return root;
}

export async function configure(root: string, config: Partial<WatchConfig>, file = 'watch-config.json'): Promise<void> {
  await writeFile(join(root, file), JSON.stringify({ ...usual, ...config }));
}

/** Of the test's own context where tests run side by side: the global one does not know whose it is. */
export type WhenFinished = (work: () => Promise<void>) => void;

export interface RunOptions {
  /** Default: `start`. */
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** A module that is loaded into the daemon and its worker before anything else. */
  readonly preload?: string;
  readonly whenFinished?: WhenFinished;
  /** Makes the command line one that runs it elsewhere, such as in a network of its own. */
  readonly within?: (command: string, ...args: readonly string[]) => [string, string[]];
}

export function cyclebox(root: string, options: RunOptions = {}): CycleboxProcess {
  const args = [join(packageRoot, 'dist/cli/main.js'), ...(options.args ?? ['start'])];
  const preload = options.preload && {
    NODE_OPTIONS: `--import=${join(packageRoot, 'test/fixtures/faults', options.preload)}`,
  };
  const env = { ...process.env, ...preload, ...options.env };
  const [command, words] = options.within?.(process.execPath, ...args) ?? [process.execPath, args];
  const child = spawn(command, words, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const whenFinished = options.whenFinished ?? onTestFinished;
  whenFinished(async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
  });
  return follow(child);
}

function follow(child: ChildProcess): CycleboxProcess {
  const records: LogRecord[] = [];
  const listeners = new Set<() => void>();
  let text = '';
  const hear = (line: string) => {
    text += `${line}\n`;
    if (line.startsWith('{')) records.push(JSON.parse(line) as LogRecord);
    for (const listener of listeners) listener();
  };
  for (const output of [child.stdout, child.stderr]) if (output) createInterface({ input: output }).on('line', hear);
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, text }) as Ended);
  const until = (condition: () => boolean) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (!condition()) return;
        listeners.delete(look);
        resolve();
      };
      listeners.add(look);
      void ended.then(() => reject(new Error(`ended without what was waited for:\n${text}`)));
      look();
    });
  const heard = async (fits: (record: LogRecord) => boolean) => {
    let next = 0;
    let found: LogRecord | undefined;
    await until(() => {
      while (!found && next < records.length) {
        const record = records[next++];
        if (record && fits(record)) found = record;
      }
      return found !== undefined;
    });
    return found as LogRecord;
  };
  const end = (signal: NodeJS.Signals) => {
    child.kill(signal);
    return ended;
  };
  return {
    child,
    pid: child.pid ?? 0,
    records,
    ended,
    heard,
    until,
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
  };
}

/** Works through what is there and ends. */
export function workThrough(
  root: string,
  options: Omit<RunOptions, 'args'> & { config?: string } = {},
): Promise<Ended> {
  const { config = 'watch-config.json', ...rest } = options;
  return cyclebox(root, { ...rest, args: ['start', '--once', '--config', config] }).ended;
}

export const isDone = (record: LogRecord): boolean => record['output'] !== undefined;

/** Pids of the processes that `pid` has started and that are there still (Linux). */
export async function childrenOf(pid: number): Promise<number[]> {
  const list = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return list.split(' ').filter(Boolean).map(Number);
}

/** Resolves when `condition` holds, asked anew at every change below `folder`. */
export async function whenBelow(folder: string, condition: () => Promise<boolean>): Promise<void> {
  const watcher = watch(folder, { recursive: true });
  try {
    while (!(await condition())) await Promise.race([once(watcher, 'change'), pause(250)]);
  } finally {
    watcher.close();
  }
}

/** Only in case the system keeps a change to itself; never what makes a test right. */
const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms));
