/**
 * Judges a training every so many steps: translates held-out images in every direction with the generators as they would
 * be exported, and hands the measurements on. What is measured, and how, is the evaluation's business.
 */
import { join } from 'node:path';
import { asCycleboxError, CycleboxError, type Disposable, DisposableStore } from '../../base/index.js';
import type { Engine, Program, State } from '../../engine/index.js';
import type { ModelQuality } from '../../plugin-api/index.js';
import { scanFolder } from '../data/index.js';
import {
  createEvaluator,
  type Evaluation,
  type Evaluator,
  imageOf,
  type MetricName,
  type Metrics,
  type PairMetric,
  qualityOf,
  type TranslateImage,
  tensorOf,
} from '../evaluation/index.js';
import { isPluginName, type PluginName } from '../plugin-names.js';
import { buildTranslation, type Direction } from '../recipes/index.js';
import type { RunSettings } from '../run-options.js';
import { recipeOf, recipeSettings, type TrainingSettings } from '../settings.js';
import type { AdversarialLog } from './adversarial-log.js';
import { emaPrefix } from './exponential-moving-average.js';

/** Has a plugin's metric ready to be asked. @throws PLUGIN_UNAVAILABLE naming what there is */
export type FindMetric = (name: PluginName) => Promise<PairMetric>;

/** Columns of the evaluation's tables, under the names that histories use. */
const rowTitles = { unchanged: 'input unchanged', target: 'real images of the target', truth: 'truth' } as const;

export interface RunEvaluation {
  /** By `horse→zebra/style`. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly references: readonly { readonly title: string; readonly metrics: Readonly<Record<string, number>> }[];
  readonly warnings: readonly { readonly code: string; readonly message: string; readonly advice: string }[];
  /** Of the metric that ranks: its mean over the directions; undefined where one lacks it. */
  readonly rank: number | undefined;
  /** Which way of it is better, where it is a plugin's. */
  readonly better?: 'higher' | 'lower' | undefined;
  /** By the domain that a direction leads to. */
  readonly quality: Readonly<Record<string, ModelQuality>>;
}

export class RunEvaluator implements Disposable {
  readonly #settings: TrainingSettings;
  readonly #metric: MetricName;
  readonly #evaluator: Evaluator;
  readonly #translations: ReadonlyMap<Direction, TranslateImage>;
  readonly #asked: RunMetrics;
  readonly #store: DisposableStore;

  private constructor(
    settings: TrainingSettings,
    metric: MetricName,
    evaluator: Evaluator,
    translations: ReadonlyMap<Direction, TranslateImage>,
    asked: RunMetrics,
    store: DisposableStore,
  ) {
    this.#settings = settings;
    this.#metric = metric;
    this.#evaluator = evaluator;
    this.#translations = translations;
    this.#asked = asked;
    this.#store = store;
  }

  /** Undefined where there is nothing to judge by. The style classifier is fitted here, once for a run. */
  static async open(
    settings: TrainingSettings,
    run: RunSettings,
    engine: Engine,
    state: State,
    findMetric?: FindMetric,
  ): Promise<RunEvaluator | undefined> {
    const { testA, testB, evaluateEvery, evaluateImages, best } = run;
    if (!testA || !testB || evaluateEvery === 0) return undefined;
    const asked = await RunMetrics.open(run, findMetric);
    const store = new DisposableStore();
    const separate = !recipeOf(settings).paired || settings.pairing === 'names';
    const evaluator = await createEvaluator({
      engine,
      domains: settings.domains,
      heldA: await filesOf(testA),
      heldB: await filesOf(testB),
      ...(separate && { trainA: await filesOf(settings.a), trainB: await filesOf(settings.b) }),
      limit: evaluateImages,
      asked,
      seed: settings.seed,
      cacheFolder: join(settings.out, 'evaluation'),
    });
    store.add(evaluator);
    const translations = new Map<Direction, TranslateImage>();
    for (const direction of recipeOf(settings).directions) {
      const graph = buildTranslation(
        recipeOf(settings),
        recipeSettings(settings, evaluator.size),
        direction.network,
        settings.ema > 0 ? emaPrefix : '',
      );
      translations.set(direction, translateBy(store.add(await engine.compile(graph, { state }))));
    }
    return new RunEvaluator(settings, best, evaluator, translations, asked, store);
  }

  async evaluate(losses: AdversarialLog, step: number): Promise<RunEvaluation> {
    const evaluations = [];
    for (const [direction, translate] of this.#translations) {
      const opposite = [...this.#translations].find(([{ from, to }]) => from === direction.to && to === direction.from);
      evaluations.push(
        await this.#evaluator.evaluate({
          direction: direction.from === 0 ? 'AtoB' : 'BtoA',
          translate,
          back: opposite?.[1],
          adversarial: losses.historyOf(direction.network, this.#settings),
        }),
      );
    }
    const judged = summary(evaluations, this.#metric, step);
    return {
      ...judged,
      warnings: [...judged.warnings, ...this.#asked.warnings()],
      better: this.#asked.betterOf(this.#metric),
    };
  }

  dispose(): Promise<void> {
    return this.#store.dispose();
  }
}

/** Metrics of plugins that a run measures. One that fails costs its figure, not the training. */
class RunMetrics {
  readonly metrics: readonly PairMetric[];
  readonly #faults = new Map<PluginName, CycleboxError>();

  private constructor(metrics: readonly PairMetric[]) {
    this.metrics = metrics;
  }

  /** @throws PLUGIN_UNAVAILABLE, USAGE */
  static async open({ metrics, best }: RunSettings, find: FindMetric | undefined): Promise<RunMetrics> {
    const wanted = new Set([...metrics, ...(isPluginName(best) ? [best] : [])]);
    const found: PairMetric[] = [];
    for (const name of wanted) {
      if (!find) throw new CycleboxError('USAGE', `The metric ${name} is of a plugin, and this training has none.`);
      found.push(await find(name));
    }
    return new RunMetrics(found);
  }

  readonly onFault = (name: PluginName, error: unknown): void => void this.#faults.set(name, asCycleboxError(error));

  betterOf(name: MetricName): 'higher' | 'lower' | undefined {
    return this.metrics.find(metric => metric.name === name)?.facts.better;
  }

  /** Of the faults since the last time. */
  warnings(): RunEvaluation['warnings'] {
    const faults = [...this.#faults];
    this.#faults.clear();
    return faults.map(([name, { message }]) => ({
      code: `metric ${name}`,
      message: `${name} could not be measured: ${message}`,
      advice: 'The training goes on without it; repair the plugin, or leave the metric out.',
    }));
  }
}

async function filesOf(folder: string): Promise<string[]> {
  const { images } = await scanFolder(folder);
  return images.map(({ file }) => join(folder, file));
}

function translateBy(program: Program): TranslateImage {
  return async image => {
    const { translated } = await program.run({ image: tensorOf([image]) });
    return imageOf(translated!);
  };
}

function summary(evaluations: readonly Evaluation[], metric: MetricName, step: number): RunEvaluation {
  const values = evaluations.map(({ rows }) => rows.translated[metric]);
  const known = values.filter(value => value !== undefined);
  const titled = Object.entries(rowTitles) as [keyof typeof rowTitles, string][];
  return {
    metrics: named(evaluations, ({ rows }) => rows.translated),
    references: titled
      .map(([row, title]) => ({ title, metrics: named(evaluations, ({ rows }) => rows[row] ?? {}) }))
      .filter(({ metrics }) => Object.keys(metrics).length > 0),
    warnings: evaluations.flatMap(({ from, to, warnings }) =>
      warnings.map(({ id, sentence, remedy }) => ({
        code: `${id} ${from}→${to}`,
        message: `${from} → ${to}: ${sentence}`,
        advice: remedy,
      })),
    ),
    quality: Object.fromEntries(
      evaluations.flatMap(evaluation => {
        const quality = qualityOf(evaluation, step);
        return quality ? [[evaluation.to, quality]] : [];
      }),
    ),
    rank: known.length < values.length ? undefined : known.reduce((sum, value) => sum + value, 0) / known.length,
  };
}

function named(evaluations: readonly Evaluation[], metricsOf: (evaluation: Evaluation) => Metrics) {
  return Object.fromEntries(
    evaluations.flatMap(evaluation =>
      Object.entries(metricsOf(evaluation)).flatMap(([name, value]): [string, number][] =>
        value === undefined ? [] : [[`${evaluation.from}→${evaluation.to}/${name}`, value]],
      ),
    ),
  );
}
