/**
 * A shared folder with images, a configuration whose queue is at a Redis, and real `cyclebox worker` processes that train what is put in.
 * Everything is gone when the test ends.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import { packageRoot } from '../../src/base/index.js';
import { loadConfig, openTrainingQueue } from '../../src/daemon/index.js';
import { orderOf, type TrainingQueue } from '../../src/dispatch/index.js';
import { tinyTraining, trainingFolder } from './training-run.js';

export const quickLockMs = 1500;

export interface QueuePlace {
  /** With `a` and `b`, which are the images, and `runs`. */
  readonly folder: string;
  readonly config: string;
  readonly queue: TrainingQueue;
  /** The tiny training, on the CPU with one thread. @returns the run's name */
  submit(name: string, more?: Readonly<Record<string, unknown>>): Promise<string>;
  worker(): TrainingWorker;
}

export interface TrainingWorker {
  readonly child: ChildProcess;
  /** Resolves at the first line of the log with this text, past ones included. */
  logged(text: string): Promise<void>;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
}

export async function queuePlace(redis: string, name: string): Promise<QueuePlace> {
  const folder = await trainingFolder();
  await mkdir(join(folder, 'runs'));
  const config = join(folder, 'watch-config.json');
  const document = {
    routes: [{ match: '**', pair: 'red-blue', to: 'blue' }],
    queue: { backend: 'bullmq', redis, name, lockMs: quickLockMs, trainings: 'only' },
    ...{ trainings: { images: '.', runs: 'runs' }, engine: 'cpu', threads: 1 },
  };
  await writeFile(config, JSON.stringify(document));
  const resolved = await loadConfig(config, {});
  const queue = await openTrainingQueue(resolved);
  onTestFinished(() => queue.dispose());
  const roots = resolved.trainings!;
  return {
    ...{ folder, config, queue },
    async submit(run, more = {}) {
      const { out: _, ...training } = tinyTraining(folder);
      const options = { ...training, engine: 'cpu', threads: 1, ...more } as Parameters<typeof orderOf>[0];
      await queue.submit(orderOf(options, roots, { host: 'here', atMs: Date.now() }), run);
      return run;
    },
    worker: () => startWorker(folder),
  };
}

function startWorker(cwd: string): TrainingWorker {
  const args = [join(packageRoot, 'dist/cli/main.js'), 'worker', '--verbose'];
  const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  const listeners = new Set<() => void>();
  createInterface({ input: child.stdout }).on('line', line => {
    lines.push(line);
    for (const listener of listeners) listener();
  });
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal }));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return {
    ...{ child, ended },
    logged: text =>
      new Promise((resolve, reject) => {
        const look = () => void (lines.some(line => line.includes(text)) && resolve());
        listeners.add(look);
        void ended.then(() => reject(new Error(`the worker ended without saying "${text}": ${lines.join('\n')}`)));
        look();
      }),
  };
}
