/** The work of `cyclebox dataset list`: the published data sets, as text or JSON. Asks no network. */

import { datasetFolders, datasets, type PublishedDataset, publishedBase } from '../../datasets/index.js';
import { addressesOf } from '../../download/index.js';
import { exitCodes } from '../terminal/index.js';

export interface ListDatasetsOptions {
  readonly json?: boolean;
}

/** @returns the exit code */
export function listDatasets({ json = false }: ListDatasetsOptions): number {
  process.stdout.write(json ? toJson() : datasets.map(describeDataset).join('\n'));
  return exitCodes.ok;
}

/** What a person must know before fetching it, the licence included; ends with a line end. */
export function describeDataset({ name, shows, images, sizeBytes, licence, withheld }: PublishedDataset): string {
  const size = sizeBytes === undefined ? 'size unknown' : `${(sizeBytes / 1e6).toFixed(0)} MB`;
  const [a, b] = shows;
  const lines = [
    `${name}  ${b === undefined ? a : `A: ${a}, B: ${b}`}  (${withheld === undefined ? size : 'cannot be fetched'})`,
    ...(images ? [`  images: ${datasetFolders.map(folder => `${images[folder]} ${folder}`).join(', ')}`] : []),
    `  licence: ${licence}`,
    ...(withheld === undefined ? [] : [`  ${withheld}`]),
  ];
  return `${lines.join('\n')}\n`;
}

function toJson(): string {
  const listed = datasets.map(dataset => ({
    ...dataset,
    ...(dataset.withheld === undefined && { address: addressesOf(publishedBase, `datasets/${dataset.name}.zip`)[0] }),
  }));
  return `${JSON.stringify({ datasets: listed }, null, 2)}\n`;
}
