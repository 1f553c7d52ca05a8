/**
 * Models between a daemon and its workers: what the daemon has of a hash, and how a worker gets what it lacks. Loaded only where the
 * configuration has such a queue.
 */
import { resolveDirection } from '../catalog/index.js';
import {
  type FetchedModel,
  ModelCache,
  type ModelSource,
  modelOf,
  S3Store,
  SharedFolderStore,
  type WorkerStore,
} from '../dispatch/index.js';
import type { Translation } from '../inbox/index.js';
import { filesOfModel, inspectModel } from '../model-files/index.js';
import type { ComputeModel } from '../worker/index.js';
import type { DaemonConfig, ResolvedConfig } from './config/index.js';

/** The one that the configuration names; nothing of an S3 client is loaded before it is used. */
export function storeOf({ inbox, outbox, store: { s3 } }: DaemonConfig): S3Store | SharedFolderStore {
  return s3 ? new S3Store(s3) : new SharedFolderStore({ inbox, outbox });
}

/** The files of a model of this machine; undefined where there is none of that hash. */
export async function modelOfHash(sha256: string, resolved: ResolvedConfig): Promise<ModelSource | undefined> {
  const path = await pathOfHash(sha256, resolved);
  return path === undefined ? undefined : { sha256, ...(await filesOfModel(path)) };
}

/** Of the routes' models, else of those that a router may choose, which their manifests name by hash. */
async function pathOfHash(sha256: string, { models, catalog, config }: ResolvedConfig): Promise<string | undefined> {
  for (const model of models.values()) if (model.sha256 === sha256) return model.path;
  for (const pair of catalog.pairs)
    for (const [to, reference] of pair.models) {
      if (reference.sha256 !== sha256) continue;
      const found = await resolveDirection(pair, to, { modelStore: config.models }).catch(() => undefined);
      if (found) return found.model.path;
    }
  return undefined;
}

/** What a worker asks for models. */
export interface ModelSupply {
  /** The model of a translation, in the version that is asked for. @throws NotOffered, as `ModelCache.get` */
  modelOf(translation: Translation): Promise<ComputeModel | undefined>;
  /** @throws NotOffered, as `ModelCache.get` */
  fetch(sha256: string): Promise<ComputeModel>;
}

export function modelSupply(
  { store: { cache, cacheBytes } }: DaemonConfig,
  store: WorkerStore,
  models: () => ResolvedConfig['models'],
  onFetched: (model: FetchedModel) => void,
): ModelSupply {
  const sumOf = async (path: string) => (await inspectModel(path)).sha256;
  const fetched = new ModelCache({ folder: cache, maxBytes: cacheBytes, store, sumOf, onFetched });
  const fetch = async (sha256: string) => ({ path: await fetched.get(sha256), sha256 });
  return {
    fetch,
    async modelOf(translation) {
      const sha256 = modelOf(translation);
      const own = models().get(translation.key);
      return own?.sha256 === sha256 ? own : await fetch(sha256);
    },
  };
}
