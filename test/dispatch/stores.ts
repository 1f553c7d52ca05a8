/** The stores between watchers and workers, behind one face, so that one suite can ask the same of each. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../src/base/index.js';
import { S3Store, SharedFolderStore, type WatcherStore, type WorkerStore } from '../../src/dispatch/index.js';
import { openS3, type TestS3, testKeys } from '../support/s3-server.js';

export interface StoreSides {
  readonly watcher: WatcherStore;
  readonly worker: WorkerStore;
}

export interface StoreKind {
  readonly name: string;
  /** Two sides of one store of its own. @param root has the inbox and the outbox */
  open(root: string, clock?: Clock): Promise<StoreSides>;
  dispose(): Promise<void>;
}

export function sharedFolders(root: string): StoreSides {
  const folders = { inbox: join(root, 'inbox'), outbox: join(root, 'outbox') };
  return { watcher: new SharedFolderStore(folders), worker: new SharedFolderStore(folders) };
}

/** The client finds them where it looks first. */
export function giveCredentials(): void {
  process.env['AWS_ACCESS_KEY_ID'] = testKeys.accessKeyId;
  process.env['AWS_SECRET_ACCESS_KEY'] = testKeys.secretAccessKey;
}

let prefixes = 0;

export function s3Stores(
  { endpoint, bucket }: TestS3,
  { clock, partBytes }: { clock?: Clock; partBytes?: number } = {},
) {
  giveCredentials();
  const place = { bucket, prefix: `p${prefixes++}/`, region: 'us-east-1', endpoint, forcePathStyle: true };
  const options = { clock, partBytes };
  return { place, watcher: new S3Store(place, options), worker: new S3Store(place, options) };
}

export const folderKind: StoreKind = {
  name: 'in shared folders',
  async open(root) {
    for (const name of ['inbox', 'outbox']) await mkdir(join(root, name), { recursive: true });
    return sharedFolders(root);
  },
  dispose: async () => {},
};

let s3: Promise<TestS3> | undefined;

export const bucketKind: StoreKind = {
  name: 'in a bucket',
  async open(root, clock) {
    for (const name of ['inbox', 'outbox']) await mkdir(join(root, name), { recursive: true });
    s3 ??= openS3();
    return s3Stores(await s3, { ...(clock && { clock }), partBytes: 1000 });
  },
  async dispose() {
    await (await s3)?.dispose();
    s3 = undefined;
  },
};

export const storeKinds = [folderKind, bucketKind];
