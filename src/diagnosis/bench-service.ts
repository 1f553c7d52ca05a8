/**
 * What happens inside a process that measures: the very code that translates and trains, on made-up pixels. One row, and
 * the process ends.
 */
import { CycleboxError, DisposableStore, Random } from '../base/index.js';
import { openEngine, type TensorData } from '../engine/index.js';
import type { Picture } from '../image/index.js';
import type { Handlers } from '../process/index.js';
import {
  recipeOf,
  recipeSettings,
  resolveTrainingSettings,
  StepRunner,
  type TrainingSettings,
  variablesOf,
} from '../training/index.js';
import { openTranslator } from '../translate/index.js';
import type { BenchApi, BenchPlace, TranslationTask, TranslationTimes } from './bench-protocol.js';
import type { RunTimes, TrainingSize } from './bench-report.js';
import { timed, timeRuns } from './run-times.js';

export const benchService: Handlers<BenchApi> = { timeTranslation, timeTraining };

async function timeTranslation(task: TranslationTask): Promise<TranslationTimes> {
  const { device, model, size, precision, threads, budgetMs } = task;
  const { value: translator, ms: loadMs } = await timed(() =>
    openTranslator({ model, engine: device, precision, threads }),
  );
  try {
    const picture = madeUpPicture(size);
    let tiles = 1;
    const run = async () => {
      const translated = await translator.translatePicture(picture);
      requireSame(task, translated.device, translated.precision);
      tiles = translated.tiles;
    };
    return { loadMs, ...(await timeRuns(run, budgetMs)), tiles };
  } finally {
    await translator.dispose();
  }
}

/** A translator helps itself when a device cannot do it; then its figures are not those of what was to be measured. */
function requireSame({ device, precision, size }: TranslationTask, wasDevice: string, wasPrecision: string): void {
  if (wasDevice !== device) {
    const message = `${size} × ${size} pixels did not fit into the memory of ${device}; they were translated on ${wasDevice}.`;
    throw new CycleboxError('OUT_OF_MEMORY', message);
  }
  if (wasPrecision !== precision)
    throw new CycleboxError('ENGINE_FAILED', `In ${precision}, ${device} produced NaN; it works in ${wasPrecision}.`);
}

async function timeTraining({ device, threads, budgetMs, ...size }: BenchPlace & TrainingSize): Promise<RunTimes> {
  const store = new DisposableStore();
  try {
    const settings = settingsOf(size);
    const { value: step, ms: loadMs } = await timed(() => compileStep(store, settings, { device, threads }));
    return { loadMs, ...(await timeRuns(step, budgetMs)) };
  } finally {
    await store.dispose();
  }
}

/** Folders are never opened: images are made up. */
function settingsOf(size: TrainingSize): TrainingSettings {
  return resolveTrainingSettings({ pair: 'bench', domains: ['a', 'b'], a: '.', b: '.', out: '.', ...size });
}

/** A step as the trainer takes it, without the pool of earlier fakes. */
async function compileStep(
  store: DisposableStore,
  settings: TrainingSettings,
  { device, threads }: Pick<BenchPlace, 'device' | 'threads'>,
): Promise<() => Promise<void>> {
  const engine = store.add(await openEngine(device, { threads }));
  const state = store.add(await engine.createState(variablesOf(settings)));
  const [recipe, spec] = [recipeOf(settings), recipeSettings(settings)];
  const randomness = { pools: new Map(), poolRandom: new Random(1), drawRandom: new Random(1) };
  const runner = store.add(await StepRunner.compile(engine, state, recipe, spec, 1, randomness));
  const images = { A: madeUpImages(settings), B: madeUpImages(settings) };
  let count = 0;
  return async () => {
    await runner.take([images], ++count, { generator: 2e-4, discriminator: 2e-4 });
  };
}

function madeUpImages({ batch, size }: TrainingSettings): TensorData {
  const shape = [batch, 3, size, size];
  return { shape, data: Float32Array.from({ length: 3 * batch * size * size }, (_, index) => Math.sin(index * 1.7)) };
}

function madeUpPicture(size: number): Picture {
  const rgb = Uint8Array.from({ length: 3 * size * size }, (_, index) => 128 + 127 * Math.sin(index * 1.7));
  return { width: size, height: size, rgb, format: 'png' };
}
