/**
 * A published model as a plugin: fetched from where it was published or from a mirror, or taken from a file that is here, and
 * imported like any other. Nobody published hashes of these files, so the first pull pins what came; a fetch that was
 * interrupted goes on where it stopped.
 */
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { CycleboxError, sha256File } from '../base/index.js';
import { publishedBase } from '../datasets/index.js';
import { addressesOf, type DownloadRequest, downloadFile, openPinnedHashes, pytorchFile } from '../download/index.js';
import { type ImportedModel, importModel } from './import-model.js';
import { licenceOfPublished, type PublishedModel, publishedTrainedSize } from './published-models.js';

export interface PullModelOptions
  extends Pick<DownloadRequest, 'tries' | 'firstDelayMs' | 'idleMs' | 'clock' | 'signal' | 'onProgress' | 'onTrouble'> {
  /** The folder that plugins' folders lie in. */
  readonly plugins: string;
  /** A file to take it from, instead of fetching it. */
  readonly from?: string | undefined;
  /** What stands in for the publisher's address, tried before it. */
  readonly mirrors?: readonly string[] | undefined;
  /** Default: the publisher's address. */
  readonly base?: string | undefined;
  readonly replace?: boolean | undefined;
}

/** Where a model came from. */
export type ModelOrigin =
  | {
      readonly kind: 'address';
      readonly address: string;
      readonly sha256: string;
      readonly resumedFromBytes: number;
      /** This pull has pinned the hash: the file that says so. */
      readonly pinnedIn?: string | undefined;
    }
  | { readonly kind: 'file'; readonly path: string; readonly sha256: string };

export interface PulledModel extends ImportedModel {
  readonly name: string;
  readonly licence: { readonly weights: string; readonly data: string };
  readonly origin: ModelOrigin;
}

/** Beside the plugins, where they can be kept with a project. */
const pinsName = 'pinned-hashes.json';

/** @throws CycleboxError as `downloadFile` and `importModel`; DOWNLOAD_FAILED and DOWNLOAD_MISMATCH say what to download where */
export async function pullModel(model: PublishedModel, options: PullModelOptions): Promise<PulledModel> {
  const { name, pair, from, to } = model;
  const { plugins, replace = false } = options;
  const source = options.from === undefined ? await fetched(model, options) : await taken(options.from);
  const licence = licenceOfPublished(model);
  const request = { pair, from, to, plugins, replace, licence, overrides: {}, trainedSize: publishedTrainedSize };
  const imported = await importModel({ ...request, file: source.path });
  if (source.origin.kind === 'address') await rm(source.path, { force: true });
  return { ...imported, name, licence, origin: source.origin };
}

interface Source {
  readonly path: string;
  readonly origin: ModelOrigin;
}

async function taken(path: string): Promise<Source> {
  const sha256 = await sha256File(path).catch(cause => {
    throw new CycleboxError('FILE_NOT_FOUND', `${path} could not be read: ${(cause as Error).message}.`, {
      subject: { file: path },
      cause,
    });
  });
  return { path, origin: { kind: 'file', path, sha256 } };
}

async function fetched({ name }: PublishedModel, options: PullModelOptions): Promise<Source> {
  const { plugins, mirrors, base = publishedBase, from: _, replace: __, ...transfer } = options;
  const file = `pretrained_models/${name}.pth`;
  const addresses = addressesOf(base, file, mirrors);
  const pins = await openPinnedHashes(join(plugins, pinsName));
  const pinned = pins.get(file);
  const remedy = remedyFor(name, addresses.at(-1)!, pinned && pins.path);
  const to = join(plugins, basename(file));
  const expected = { sha256: pinned?.sha256, sizeBytes: pinned?.sizeBytes };
  const found = await downloadFile({ ...transfer, ...expected, addresses, to, kind: pytorchFile, remedy });
  const { address, sha256, sizeBytes, resumedFromBytes } = found;
  if (!pinned) await pins.pin(file, { sha256, sizeBytes, address });
  const pinnedIn = pinned ? undefined : pins.path;
  return { path: to, origin: { kind: 'address', address, sha256, resumedFromBytes, pinnedIn } };
}

function remedyFor(name: string, address: string, pinnedIn: string | undefined): string {
  const pinned =
    pinnedIn === undefined ? '' : ` If the published file has changed for good, remove its entry from ${pinnedIn}.`;
  return (
    `Try again later, name a mirror with --mirror, or download ${address} where there is a network, and give the file: ` +
    `cyclebox pairs pull ${name} --from ${name}.pth.${pinned}`
  );
}
