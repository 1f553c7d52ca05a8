export { type ColourClass, type ColourClassChoice, learnColourClasses, parseColourClasses } from './colour-classes.js';
export type { ClassifierReport, Evaluation, ImageEvaluation } from './evaluation.js';
export {
  createEvaluator,
  type EvaluateOptions,
  type EvaluationProgress,
  type Evaluator,
  type EvaluatorOptions,
  type TranslatedResult,
  type TranslateImage,
} from './evaluator.js';
export { FeatureNetwork, type FeatureRange, featureRanges } from './feature-network.js';
export { type GridEnergy, gridEnergyOf, gridEnergyOfPlanes } from './grid-energy.js';
export { type SkippedImage, smallestSize } from './load-images.js';
export {
  factsOf,
  isBetter,
  type MetricFacts,
  type MetricName,
  type MetricRows,
  type Metrics,
  metricFacts,
  rankingMetrics,
} from './metrics.js';
export { qualityOf } from './model-quality.js';
export type { AskedMetrics, PairMetric } from './pair-metric.js';
export { imageOf, type Plane, type Planes, pictureOf, planesOf, tensorOf } from './planes.js';
export {
  type AdversarialHistory,
  type Evidence,
  type Warning,
  type WarningId,
  warningIds,
  warningsOf,
} from './warnings.js';
