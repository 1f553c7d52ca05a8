/**
 * What a training tells while it runs: plain data, told apart by `kind`, the same from a trainer in this process and from
 * one in a process of its own. How a training ended is no event: that is what `run` and `result` are for.
 */
import type { Event } from '../base/index.js';
import type { Device } from '../engine/index.js';
import type { DataReport } from './data/index.js';
import type { StepProgress } from './records/index.js';
import type { RunSettings } from './run-options.js';
import type { TrainingSettings } from './settings.js';

/** Where a training stands after a step. */
export type TrainingProgress = StepProgress;

export type TrainingEvent =
  | {
      readonly kind: 'started';
      readonly settings: TrainingSettings;
      readonly run: RunSettings;
      readonly device: Device;
      /** Trained values by network. */
      readonly parameters: Readonly<Record<string, number>>;
      /** What was found in the folders. */
      readonly data: readonly DataReport[];
      /** Steps done before, of `settings.steps`. */
      readonly step: number;
    }
  | ({ readonly kind: 'progress' } & TrainingProgress)
  /** A checkpoint is complete in `folder`. */
  | { readonly kind: 'checkpoint'; readonly step: number; readonly folder: string }
  /** A sheet of samples. */
  | { readonly kind: 'sample'; readonly step: number; readonly file: string }
  /** The generators as they are now, as a plugin folder. */
  | { readonly kind: 'export'; readonly step: number; readonly folder: string }
  | { readonly kind: 'evaluation'; readonly step: number; readonly metrics: Readonly<Record<string, number>> }
  /** Something that people should look at; the training goes on. */
  | {
      readonly kind: 'warning';
      readonly step: number;
      /** Stays the same for what is the same. */
      readonly code: string;
      readonly message: string;
      /** What to try. */
      readonly advice: string;
    };

export type TrainingEventKind = TrainingEvent['kind'];
export type TrainingEventOf<Kind extends TrainingEventKind> = Extract<TrainingEvent, { readonly kind: Kind }>;

/** Of all events those of one kind. */
export function eventsOf<Kind extends TrainingEventKind>(
  events: Event<TrainingEvent>,
  kind: Kind,
): Event<TrainingEventOf<Kind>> {
  return listener =>
    events(event => {
      if (event.kind === kind) listener(event as TrainingEventOf<Kind>);
    });
}
