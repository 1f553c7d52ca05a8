/** What judging gives: plain data that goes into JSON as it is. docs/evaluation.md describes every field. */
import type { FeatureRange } from './feature-network.js';
import type { SkippedImage } from './load-images.js';
import type { MetricFacts, MetricRows } from './metrics.js';
import type { ClassMeasures } from './paired-measures.js';
import type { Warning } from './warnings.js';

export interface Evaluation {
  /** Of this document. */
  readonly format: 1;
  readonly from: string;
  readonly to: string;
  /** Height and width at which everything was measured, pixels. */
  readonly size: number;
  /** How many images were translated, of the target there were, and had a true counterpart. */
  readonly images: number;
  readonly targetImages: number;
  readonly pairs: number;
  readonly rows: MetricRows;
  readonly classifier?: ClassifierReport;
  /** The network that KID and FID were measured with. */
  readonly features?: { readonly file: string; readonly side: number; readonly range: FeatureRange };
  readonly classes?: ClassMeasures;
  /** What is known of the metrics in `rows` that plugins measured, by their names, `PLUGIN/ID`. */
  readonly metrics?: Readonly<Record<string, MetricFacts>>;
  readonly warnings: readonly Warning[];
  readonly each: readonly ImageEvaluation[];
  readonly skipped: readonly SkippedImage[];
}

/** How good the style classifier is, on images that it was not fitted on. */
export interface ClassifierReport {
  /** Mean of the next two. */
  readonly accuracy: number;
  readonly accuracyFrom: number;
  readonly accuracyTo: number;
  /** Held-out images of the two domains that it was tried on. */
  readonly heldOut: readonly [from: number, to: number];
  /** Images of the two domains that it was fitted on. */
  readonly fitted: readonly [from: number, to: number];
}

/** One translation. */
export interface ImageEvaluation {
  readonly file: string;
  /** That it is of the target, by the classifier; absent for images that this was fitted on. */
  readonly likelihood?: number;
  /** The same of the input itself. */
  readonly inputLikelihood?: number;
  readonly content?: number;
  readonly edges: number;
  readonly ssim: number;
  readonly change: number;
  readonly cycle?: number;
  /** Of plugins, by `PLUGIN/ID`. */
  readonly metrics?: Readonly<Record<string, number>>;
}
