/**
 * The archive of a data set, fetched from a mirror or from where it was published, and held to the published hash, or
 * to the one that an earlier pull pinned. When it cannot be had, the error says what to download where.
 */
import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CycleboxError, sha256File } from '../base/index.js';
import { addressesOf, type DownloadRequest, downloadFile, openPinnedHashes, zipArchive } from '../download/index.js';
import { type PublishedDataset, publishedBase } from './collection.js';

type Transfer = Pick<
  DownloadRequest,
  'tries' | 'firstDelayMs' | 'idleMs' | 'clock' | 'signal' | 'onProgress' | 'onTrouble'
>;

export interface FetchOptions extends Transfer {
  /** What stands in for `publishedBase`, tried before it. */
  readonly mirrors?: readonly string[] | undefined;
  /** Default: `publishedBase`. */
  readonly base?: string | undefined;
}

export interface FetchedArchive {
  readonly path: string;
  readonly address: string;
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly resumedFromBytes: number;
  readonly pinnedIn?: string;
}

/** Pins of files without a published hash lie beside the data sets, where they can be kept with a project. */
const pinsName = 'pinned-hashes.json';

/** @throws CycleboxError as `downloadFile`, and DATASET_NOT_FOUND for a data set that is withheld */
export async function fetchArchive(
  dataset: PublishedDataset,
  to: string,
  { mirrors, base = publishedBase, ...transfer }: FetchOptions,
): Promise<FetchedArchive> {
  if (dataset.withheld !== undefined)
    throw new CycleboxError('DATASET_NOT_FOUND', `${dataset.name} cannot be fetched. ${dataset.withheld}`);
  const file = `datasets/${dataset.name}.zip`;
  const addresses = addressesOf(base, file, mirrors);
  const pins = await openPinnedHashes(join(dirname(to), pinsName));
  const known = dataset.sha256 === undefined ? pins.get(file) : dataset;
  const whole = known && (await wholeArchive(to, known.sha256));
  if (whole) return { ...whole, path: to, address: addresses.at(-1)!, resumedFromBytes: whole.sizeBytes };
  const { sha256, sizeBytes } = known ?? {};
  const remedy = remedyFor(dataset, addresses.at(-1)!, pins.get(file) && pins.path);
  const fetched = await downloadFile({ ...transfer, addresses, to, kind: zipArchive, sha256, sizeBytes, remedy });
  if (known) return fetched;
  await pins.pin(file, { sha256: fetched.sha256, sizeBytes: fetched.sizeBytes, address: fetched.address });
  return { ...fetched, pinnedIn: pins.path };
}

/** An earlier call may have fetched the archive and been stopped before it was unpacked. */
async function wholeArchive(
  path: string,
  expected: string | undefined,
): Promise<{ readonly sha256: string; readonly sizeBytes: number } | undefined> {
  const status = await stat(path).catch(() => undefined);
  if (status === undefined || expected === undefined) return undefined;
  const sha256 = await sha256File(path);
  return sha256 === expected ? { sha256, sizeBytes: status.size } : undefined;
}

function remedyFor(dataset: PublishedDataset, address: string, pinnedIn: string | undefined): string {
  const facts = [
    ...(dataset.sizeBytes === undefined ? [] : [`${(dataset.sizeBytes / 1e6).toFixed(0)} MB`]),
    ...(dataset.sha256 === undefined ? [] : [`SHA-256 ${dataset.sha256}`]),
  ];
  const file = basename(new URL(address).pathname);
  const pinned =
    pinnedIn === undefined ? '' : ` If the published file has changed for good, remove its entry from ${pinnedIn}.`;
  return (
    `Try again later, name a mirror with --mirror, or download ${address}${facts.length > 0 ? ` (${facts.join(', ')})` : ''} ` +
    `where there is a network, and give the file: cyclebox dataset pull ${dataset.name} --from ${file}.${pinned}`
  );
}
