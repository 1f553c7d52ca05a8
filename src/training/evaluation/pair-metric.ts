/**
 * Metrics that are not measured here but asked for, image by image: those of plugins. A set of images gets the mean. One that fails
 * is told, and left out of the figures, where somebody listens; else it ends the evaluation.
 */
import type { PluginName } from '../plugin-names.js';
import { meanOf } from './measure-images.js';
import type { MetricFacts, Metrics } from './metrics.js';
import type { Planes } from './planes.js';

export interface PairMetric {
  readonly name: PluginName;
  readonly facts: MetricFacts;
  /** A finite number. @throws what keeps it from being measured */
  measure(input: Planes, output: Planes): Promise<number>;
}

export interface AskedMetrics {
  readonly metrics: readonly PairMetric[];
  /** Hears of a metric that could not be measured, which is then absent. Default: it is thrown. */
  readonly onFault?: ((name: PluginName, error: unknown) => void) | undefined;
}

export interface AskedValues {
  /** Means over the images. */
  readonly row: Metrics;
  /** Of image `index`. */
  readonly of: (index: number) => Readonly<Record<PluginName, number>>;
}

/** @param outputs as many as there are inputs, in the same order */
export async function askMetrics(
  { metrics, onFault }: AskedMetrics,
  inputs: readonly Planes[],
  outputs: readonly Planes[],
): Promise<AskedValues> {
  const values = new Map<PluginName, readonly number[]>();
  for (const metric of outputs.length > 0 ? metrics : []) {
    try {
      values.set(metric.name, await measured(metric, inputs, outputs));
    } catch (error) {
      if (!onFault) throw error;
      onFault(metric.name, error);
    }
  }
  const entries = [...values];
  return {
    row: Object.fromEntries(entries.map(([name, each]) => [name, meanOf(each)])),
    of: index => Object.fromEntries(entries.map(([name, each]) => [name, each[index]!])),
  };
}

async function measured({ measure }: PairMetric, inputs: readonly Planes[], outputs: readonly Planes[]) {
  const values: number[] = [];
  for (const [index, output] of outputs.entries()) values.push(await measure(inputs[index]!, output));
  return values;
}
