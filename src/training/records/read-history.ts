/**
 * Reads `history.jsonl` as what happened in the end: what lies beyond the checkpoint from which a run was resumed is
 * left out, so that the history of a run that was interrupted reads like that of one that was not.
 *
 * Tolerant: a line that was cut off, or that a later version has written, is counted and passed over.
 */
import { CycleboxError, readRegularText } from '../../base/index.js';
import { type EventOf, type HistoryEvent, type HistoryKind, historyEvent } from './history-event.js';
import { historyPath } from './history-log.js';
import { meansOf } from './step-window.js';

export interface RunHistory {
  /** Every time that the run was started or resumed; the last one's settings are those that count. At least one. */
  readonly sessions: readonly (EventOf<'start'> | EventOf<'resume'>)[];
  /** In rising order of steps; the last is a mean over fewer steps when the run has stopped in between. */
  readonly steps: readonly EventOf<'step'>[];
  readonly evaluations: readonly EventOf<'evaluation'>[];
  readonly samples: readonly EventOf<'sample'>[];
  readonly checkpoints: readonly EventOf<'checkpoint'>[];
  readonly warnings: readonly EventOf<'warning'>[];
  /** Undefined while the run goes on, or when it was killed. */
  readonly end: EventOf<'end'> | undefined;
  /** Lines that could not be read. */
  readonly damagedLines: number;
}

/**
 * @param out the run's folder
 * @throws FILE_NOT_FOUND where no history is, FILE_UNREADABLE where no line of it says how the run was started
 */
export async function readHistory(out: string): Promise<RunHistory> {
  const path = historyPath(out);
  const { events, damagedLines } = parse(await read(path));
  const counting = supersede(events);
  const of = <Kind extends HistoryKind>(kind: Kind) =>
    counting.filter((event): event is EventOf<Kind> => event.kind === kind);
  const sessions = counting.filter(event => event.kind === 'start' || event.kind === 'resume');
  if (sessions.length === 0) throw unreadable(path);
  return {
    sessions,
    steps: withOpenWindow(of('step'), of('checkpoint').at(-1)),
    evaluations: of('evaluation'),
    samples: of('sample'),
    checkpoints: of('checkpoint'),
    warnings: of('warning'),
    end: of('end').at(-1),
    damagedLines,
  };
}

async function read(path: string): Promise<string> {
  try {
    return await readRegularText(path);
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    const message = isMissing
      ? `${path} is not there: no training has written its history into this folder. Give the folder that was --out.`
      : `${path} could not be read: ${(cause as Error).message}.`;
    throw new CycleboxError(isMissing ? 'FILE_NOT_FOUND' : 'FILE_UNREADABLE', message, {
      subject: { file: path },
      cause,
    });
  }
}

function unreadable(path: string): CycleboxError {
  const message = `${path} has no line that says how the training was started: it is damaged, or of something else.`;
  return new CycleboxError('FILE_UNREADABLE', message, { subject: { file: path } });
}

function parse(text: string): { readonly events: readonly HistoryEvent[]; readonly damagedLines: number } {
  const lines = text.split('\n').filter(line => line.trim() !== '');
  const events = lines.map(parseLine).filter(event => event !== undefined);
  return { events, damagedLines: lines.length - events.length };
}

function parseLine(line: string): HistoryEvent | undefined {
  try {
    return historyEvent.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

/**
 * The events that count. A fresh start makes everything before it void; a resumed run makes void what lies beyond its
 * step, and that the run had ended; of two lines of one kind at one step, the later counts.
 */
function supersede(events: readonly HistoryEvent[]): readonly HistoryEvent[] {
  let counting: HistoryEvent[] = [];
  for (const event of events) {
    if (event.kind === 'start') counting = [];
    if (event.kind === 'resume') counting = counting.filter(earlier => standsAt(earlier, event.step));
    if (isOncePerStep(event)) dropFrom(counting, event);
    counting.push(event);
  }
  return counting;
}

function standsAt(event: HistoryEvent, step: number): boolean {
  if (event.kind === 'start' || event.kind === 'resume') return true;
  return event.kind !== 'end' && event.step <= step;
}

const isOncePerStep = ({ kind }: HistoryEvent): boolean =>
  kind === 'step' || kind === 'evaluation' || kind === 'sample' || kind === 'checkpoint';

/** Takes the last event of the same kind out, if it is of the same step or a later one. */
function dropFrom(events: HistoryEvent[], { kind, step }: HistoryEvent): void {
  const at = events.findLastIndex(earlier => earlier.kind === kind);
  if (at >= 0 && events[at]!.step >= step) events.splice(at, 1);
}

/** A run that ended between two lines has the steps since the last of them in its last checkpoint only. */
function withOpenWindow(
  steps: readonly EventOf<'step'>[],
  last: EventOf<'checkpoint'> | undefined,
): readonly EventOf<'step'>[] {
  if (!last?.window || last.window.step <= (steps.at(-1)?.step ?? 0)) return steps;
  return [...steps, meansOf(last.window, last.atMs, last.elapsedMs)];
}
