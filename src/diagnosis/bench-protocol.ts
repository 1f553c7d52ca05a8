/** What is said to a process that measures one row of `cyclebox bench`. */
import type { EngineChoice, Precision } from '../engine/index.js';
import type { ProtocolName } from '../process/index.js';
import type { RunTimes, TrainingSize } from './bench-report.js';

export const benchProtocol: ProtocolName = { name: 'bench', version: 1 };

export interface BenchPlace {
  readonly device: Exclude<EngineChoice, 'auto'>;
  readonly threads?: number | undefined;
  /** For the repeated runs; loading and the first run are not counted. */
  readonly budgetMs: number;
}

export interface TranslationTask extends BenchPlace {
  readonly model: string;
  readonly size: number;
  readonly precision: Precision;
}

export interface TranslationTimes extends RunTimes {
  readonly tiles: number;
}

export interface BenchApi {
  /** @throws ENGINE_UNAVAILABLE, MODEL_INVALID, OUT_OF_MEMORY also where the translation went on elsewhere */
  timeTranslation(task: TranslationTask): TranslationTimes;
  timeTraining(task: BenchPlace & TrainingSize): RunTimes;
}
