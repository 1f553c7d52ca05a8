/** `cyclebox queue …`: what its commands take. The work is in ../daemon/manage-queue.ts, loaded when one of them runs. */
import { type Command, Option } from 'commander';
import { endedStates, recordedStates } from '../../base/index.js';
import type {
  CancelOptions,
  ListOptions,
  PauseOptions,
  PurgeOptions,
  QueueOptions,
  RetryOptions,
} from '../daemon/index.js';
import { parseDuration, wholeNumber } from '../options/index.js';
import type { TrainingsOptions } from '../train/index.js';

export function register(program: Command): void {
  const queue = program
    .command('queue')
    .description('list the jobs of the daemon, retry, cancel and purge them, pause and resume')
    .addHelpText(
      'after',
      `
A running daemon is asked to do it; without one, the journal is changed directly, and the next start goes on from there.
Jobs are named by their ids, as "queue list" prints them, or by the paths of their files in the inbox.`,
    );
  registerList(queue);
  registerRetryAndCancel(queue);
  registerPauseAndResume(queue);
  registerPurge(queue);
  registerTrainings(queue);
}

/** The options that all of them have. */
function add(queue: Command, name: string, description: string): Command {
  return queue
    .command(name)
    .description(description)
    .option('-c, --config <file>', 'configuration file', 'watch-config.json')
    .option('--json', 'print one JSON document');
}

function registerList(queue: Command): void {
  add(queue, 'list', 'list jobs: waiting, running and failed ones')
    .addOption(new Option('--state <states...>', 'only these').choices(recordedStates))
    .option('--all', 'also those that are done, cancelled or skipped')
    .option('--limit <number>', 'at most this many', wholeNumber(1, 1_000_000), 1000)
    .action(async (options: ListOptions) => {
      const { listJobs } = await import('../daemon/index.js');
      process.exitCode = await listJobs(options);
    });
}

function registerRetryAndCancel(queue: Command): void {
  add(queue, 'retry', 'do jobs again')
    .argument('[jobs...]')
    .option('--failed', 'all failed and quarantined jobs')
    .option('--stale', 'all that were done by another version of their model; the new results get new names')
    .action(async (jobs: readonly string[], options: RetryOptions) => {
      const { retryJobs } = await import('../daemon/index.js');
      process.exitCode = await retryJobs(jobs, options);
    });
  add(queue, 'cancel', 'cancel jobs until they are retried or their files change')
    .argument('[jobs...]')
    .option('--waiting', 'all that wait')
    .action(async (jobs: readonly string[], options: CancelOptions) => {
      const { cancelJobs } = await import('../daemon/index.js');
      process.exitCode = await cancelJobs(jobs, options);
    });
}

function registerPauseAndResume(queue: Command): void {
  add(queue, 'pause', 'start no more jobs until resumed, even after restarts; new files are still queued')
    .option('--reason <text>', 'reason, shown by "cyclebox status"')
    .action(async (options: PauseOptions) => {
      const { pauseQueue } = await import('../daemon/index.js');
      process.exitCode = await pauseQueue(options);
    });
  add(queue, 'resume', 'go on').action(async (options: QueueOptions) => {
    const { resumeQueue } = await import('../daemon/index.js');
    process.exitCode = await resumeQueue(options);
  });
}

function registerPurge(queue: Command): void {
  add(queue, 'purge', 'forget ended jobs whose files are gone or have changed')
    .addOption(new Option('--state <states...>', 'only these').choices(endedStates))
    .option('--older-than <time>', 'only those that ended at least this long ago, such as 12h or 30d', parseDuration)
    .action(async (options: PurgeOptions) => {
      const { purgeJobs } = await import('../daemon/index.js');
      process.exitCode = await purgeJobs(options);
    });
}

function registerTrainings(queue: Command): void {
  const trainings = queue
    .command('trainings')
    .description(
      'the trainings that "cyclebox train --queue" has put in: how they stand, and what can be done with them',
    );
  add(trainings, 'list', 'list those that wait, run or were set aside')
    .option('--all', 'also those that are finished or cancelled')
    .action(async (options: TrainingsOptions) => {
      const { listTrainings } = await import('../train/index.js');
      process.exitCode = await listTrainings(options);
    });
  add(trainings, 'follow', 'show how one goes until it ends; Ctrl-C leaves it running')
    .argument('<run>')
    .action(async (run: string, options: TrainingsOptions) => {
      const { followRun } = await import('../train/index.js');
      process.exitCode = await followRun(run, options);
    });
  add(trainings, 'cancel', 'take some out, wherever they run; their last checkpoints are kept')
    .argument('<runs...>')
    .action(async (runs: readonly string[], options: TrainingsOptions) => {
      const { cancelTrainings } = await import('../train/index.js');
      process.exitCode = await cancelTrainings(runs, options);
    });
  add(trainings, 'retry', 'have some that were cancelled or set aside go on from their last checkpoints')
    .argument('<runs...>')
    .action(async (runs: readonly string[], options: TrainingsOptions) => {
      const { retryTrainings } = await import('../train/index.js');
      process.exitCode = await retryTrainings(runs, options);
    });
}
