/**
 * A queued training on the command line, wherever it runs: what its owner tells looks as if it ran here, and between come lines that say
 * who has it. Ctrl-C ends the looking, never the training.
 */
import { Emitter } from '../../base/index.js';
import type { QueuedRun, TrainingQueue } from '../../dispatch/index.js';
import type { TrainingEvent } from '../../training/index.js';
import { exitCodes } from '../terminal/index.js';
import { showTraining, type TrainingDisplay } from './show-training.js';

export interface FollowOptions {
  readonly json: boolean;
  /** Absolute: where the results will be. */
  readonly runs: string;
}

/** @returns the exit code: 0 when it was trained to the end, 130 when the looking was ended before */
export async function followTraining(queue: TrainingQueue, run: string, options: FollowOptions): Promise<number> {
  const events = new Emitter<TrainingEvent>();
  const display = showTraining({ onEvent: events.event }, options.json);
  const offers = await queue.offers();
  const leaving = new AbortController();
  const leave = () => void (leaving.signal.aborted ? process.exit(exitCodes.interrupted) : leaving.abort());
  process.on('SIGINT', leave).on('SIGTERM', leave);
  try {
    const listener = {
      stands: (now: QueuedRun) => stands(display, now, offers, options),
      tells: (_run: string, event: TrainingEvent) => events.fire(event),
    };
    const [last] = await queue.follow([run], listener, leaving.signal);
    display.dispose();
    return ended(last!, options);
  } finally {
    process.off('SIGINT', leave).off('SIGTERM', leave);
    display.dispose();
    events.dispose();
  }
}

function stands(display: TrainingDisplay, run: QueuedRun, offers: ReadonlySet<string>, { json }: FollowOptions): void {
  if (json) process.stdout.write(`${JSON.stringify({ kind: 'stands', ...run })}\n`);
  else display.note(`${run.run} ${standingWords(run, offers)}`);
}

/** @param offers what workers that train have, where that is known */
export function standingWords(run: QueuedRun, offers?: ReadonlySet<string>): string {
  const { standing, owner, device, failures, error, status } = run;
  switch (standing) {
    case 'waiting': {
      const wanted = device === 'any' ? 'a worker' : `a worker with ${device}`;
      const none = offers?.has(device) === false ? ' (none is there now: start "cyclebox worker --train")' : '';
      const again = failures > 0 && error ? `failed ${failures} times (${error.code}: ${error.message}), and ` : '';
      return `${again}waits for ${wanted}${none}`;
    }
    case 'running': {
      const step = status ? `, step ${status.step}/${status.steps}` : '';
      return `runs on ${owner?.host} (${owner?.engine}, ${owner?.threads} threads)${step}`;
    }
    case 'trained':
      return `is trained; ${owner?.host} hands over its results`;
    case 'finished':
      return 'is finished';
    case 'cancelled':
      return 'was cancelled';
    case 'set-aside':
      return `is set aside: ${error?.code}: ${error?.message}`;
    default:
      return standing satisfies never;
  }
}

function ended(run: QueuedRun, { json, runs }: FollowOptions): number {
  const say = (text: string) => void (json || process.stdout.write(`${text}\n`));
  switch (run.standing) {
    case 'finished':
      say(`Trained. The pair is in ${runs}/${run.run}/plugins/${run.pair}`);
      return exitCodes.ok;
    case 'set-aside':
    case 'cancelled':
      say(`Go on with it from its last checkpoint with: cyclebox queue trainings retry ${run.run}`);
      return exitCodes.failed;
    default:
      process.stderr.write(`It goes on without you. Look again with: cyclebox queue trainings follow ${run.run}\n`);
      return exitCodes.interrupted;
  }
}
