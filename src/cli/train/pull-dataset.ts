/**
 * The work of `cyclebox dataset pull`: tells the licence, pulls, and prints where the images are and how to train on
 * them. Progress and troubles go to stderr; Ctrl-C stops, and what was fetched stays for the next call.
 */
import { relative } from 'node:path';
import { CycleboxError } from '../../base/index.js';
import {
  datasetFolders,
  findDataset,
  type PublishedDataset,
  type PulledDataset,
  pullDataset,
  trainCommandFor,
} from '../../datasets/index.js';
import { configuredMirrors } from '../../download/index.js';
import { DownloadLine, exitCodes, printable, reportStop, stopOnSignals } from '../terminal/index.js';
import { describeDataset } from './list-datasets.js';

export interface PullDatasetOptions {
  readonly out?: string;
  readonly from?: string;
  readonly mirror?: readonly string[];
  readonly anyCount?: boolean;
  readonly json?: boolean;
}

/** @returns the exit code */
export async function pullDatasetByName(name: string, options: PullDatasetOptions): Promise<number> {
  const { out, from, mirror = [], anyCount, json = false } = options;
  const dataset = findDataset(name);
  if (from !== undefined && mirror.length > 0)
    throw new CycleboxError(
      'USAGE',
      '--from takes the data set from here, so --mirror has no use. Give one of the two.',
    );
  // What is being agreed to comes before what is being done, also where stdout is for JSON.
  process.stderr.write(json ? `licence: ${dataset.licence}\n` : '');
  if (!json) process.stdout.write(`${describeDataset(dataset)}\n`);
  const line = new DownloadLine();
  const stop = stopOnSignals();
  try {
    const pulled = await pullDataset(dataset, {
      out,
      from,
      anyCount,
      mirrors: [...mirror, ...configuredMirrors()],
      signal: stop.signal,
      onProgress: progress => line.progress(progress),
      onTrouble: text => line.above(`${printable(text)}\n`),
    });
    line.dispose();
    process.stdout.write(json ? toJson(dataset, pulled) : toText(dataset, pulled));
    return exitCodes.ok;
  } catch (error) {
    line.dispose();
    return reportStop(error, 'Stopped. Called again, the pull goes on from here.');
  } finally {
    stop.dispose();
  }
}

function toText(dataset: PublishedDataset, pulled: PulledDataset): string {
  const { folder, images, origin } = pulled;
  const path = shortPath(folder);
  const counted = datasetFolders.filter(each => images[each] > 0).map(each => `${images[each]} ${each}`);
  const command = trainCommandFor(dataset, path);
  const lines = [
    `${path}: ${counted.join(', ') || 'images'}, ${originText(origin)}`,
    ...(command === undefined ? [] : [`to train: ${command}`]),
  ];
  return `${lines.join('\n')}\n`;
}

function originText(origin: PulledDataset['origin']): string {
  switch (origin.kind) {
    case 'present':
      return 'already there';
    case 'folder':
      return `copied from ${origin.path}`;
    case 'archive':
      return `from ${origin.path}, ${origin.isPublished ? 'the archive that was published' : 'another archive than the one that was published'}`;
    case 'address':
      return origin.pinnedIn === undefined
        ? `from ${origin.address}, whose SHA-256 is the published one`
        : `from ${origin.address}; nobody published a hash of it, so what came is pinned in ${origin.pinnedIn}`;
    default:
      return origin satisfies never;
  }
}

function toJson(dataset: PublishedDataset, pulled: PulledDataset): string {
  const command = trainCommandFor(dataset, pulled.folder);
  return `${JSON.stringify({ ...pulled, ...(command !== undefined && { train: command }) }, null, 2)}\n`;
}

function shortPath(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith('..') ? path : short;
}
