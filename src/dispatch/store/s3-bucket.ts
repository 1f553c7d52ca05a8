/**
 * Files and texts in one S3 bucket, below a prefix, over Amazon's own client, which is loaded with the first request. Nothing is ever
 * overwritten: an object is written once, under a condition that the server checks, and carries the SHA-256 of its content, so that
 * whoever reads it knows that it is whole.
 */
import { createHash } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import type { S3Client } from '@aws-sdk/client-s3';
import {
  asCycleboxError,
  type Clock,
  CycleboxError,
  type Disposable,
  type RegularFile,
  systemClock,
  withRegularFile,
} from '../../base/index.js';
import { download } from './s3-download.js';
import { s3CodeOf, s3StatusOf, shownPlace, storeFault } from './s3-fault.js';
import { aborted, type PutCommon, uploadInParts } from './s3-upload.js';

export interface S3Place {
  readonly bucket: string;
  /** Before every key; ends with a slash unless it is empty. */
  readonly prefix: string;
  /** Undefined: what the environment says. */
  readonly region: string | undefined;
  /** Undefined: Amazon's. */
  readonly endpoint: string | undefined;
  /** The bucket stands in the path, not in the host's name. */
  readonly forcePathStyle: boolean;
}

export interface S3BucketOptions {
  /** A larger file goes in parts of that size; Amazon's least is 5 MiB. */
  readonly partBytes?: number | undefined;
  /** A body of which nothing has come for so long is given up, and asked for again from there. */
  readonly idleMs?: number | undefined;
  readonly clock?: Clock | undefined;
}

export interface PutFileOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onOpened?: ((file: RegularFile) => Promise<void>) | undefined;
  /** Default false: a link is refused. */
  readonly followLinks?: boolean | undefined;
}

type Sdk = typeof import('@aws-sdk/client-s3');

const defaultPartBytes = 16 * 2 ** 20;
const defaultIdleMs = 30_000;
/** Of each request, by the client; and of a body that breaks off, by us. */
const tries = 4;
const sumKey = 'sha256';

export class S3Bucket implements Disposable {
  readonly #place: S3Place;
  readonly #partBytes: number;
  readonly #idleMs: number;
  readonly #clock: Clock;
  #opened: Promise<{ readonly sdk: Sdk; readonly client: S3Client }> | undefined;

  constructor(place: S3Place, options: S3BucketOptions = {}) {
    this.#place = place;
    this.#partBytes = options.partBytes ?? defaultPartBytes;
    this.#idleMs = options.idleMs ?? defaultIdleMs;
    this.#clock = options.clock ?? systemClock;
  }

  /** `s3://bucket/prefix`, with the server where it is not Amazon's. */
  get name(): string {
    const { bucket, prefix, endpoint } = this.#place;
    return `s3://${bucket}/${prefix}${endpoint === undefined ? '' : ` at ${endpoint}`}`;
  }

  /**
   * Writes a file, unless an object is there already: one with the same content will do.
   * @param onOpened may refuse what was opened
   * @throws STORE_UNAVAILABLE, FILE_UNREADABLE, FILE_EXISTS (another content is there), CANCELLED
   */
  putFile(key: string, path: string, { signal, onOpened, followLinks = false }: PutFileOptions = {}): Promise<string> {
    const use = async (file: RegularFile) => {
      await onOpened?.(file);
      return await this.#putOpened(key, file, signal);
    };
    return withRegularFile(path, use, { followLinks }).catch(error => {
      throw asCycleboxError(error, { file: path }, 'FILE_UNREADABLE');
    });
  }

  async #putOpened(key: string, file: RegularFile, signal: AbortSignal | undefined): Promise<string> {
    const { size } = file;
    if (size <= this.#partBytes) {
      const Body = await file.read(0, size);
      const sum = sha256Of(Body);
      await this.#written(key, sum, async ({ sdk, client }, common) => {
        await client.send(new sdk.PutObjectCommand({ ...common, Body }), aborted(signal));
      });
      return sum;
    }
    const sum = await sumOfParts(file, this.#partBytes);
    await this.#written(key, sum, ({ sdk, client }, common) =>
      uploadInParts({ ...{ sdk, client, common, file, signal }, partBytes: this.#partBytes }),
    );
    return sum;
  }

  /** As `putFile`. */
  async putText(key: string, text: string): Promise<void> {
    const Body = Buffer.from(text);
    await this.#written(key, sha256Of(Body), async ({ sdk, client }, common) => {
      await client.send(new sdk.PutObjectCommand({ ...common, Body }));
    });
  }

  /** True where an object of this key was not overwritten although another was to take its place. */
  async refusesToOverwrite(key: string): Promise<boolean> {
    await this.putText(key, 'a');
    try {
      await this.putText(key, 'b');
      return false;
    } catch (error) {
      if (error instanceof CycleboxError && error.code === 'FILE_EXISTS') return true;
      throw error;
    }
  }

  /**
   * Brings an object to a file that is not there yet, flushed; where the connection breaks, it goes on from there.
   * @returns false: there is no such object
   * @throws STORE_UNAVAILABLE (also for an object that is damaged), WRITE_FAILED, CANCELLED
   */
  async getFile(key: string, file: string, signal?: AbortSignal): Promise<boolean> {
    const handle = await open(file, 'wx').catch(error => {
      throw writeFault(error, file);
    });
    try {
      const isThere = await this.#fill(key, signal, async bytes => {
        await handle.write(bytes).catch(error => {
          throw writeFault(error, file);
        });
      });
      if (isThere) await handle.sync().catch(error => Promise.reject(writeFault(error, file)));
      await handle.close();
      if (!isThere) await rm(file, { force: true });
      return isThere;
    } catch (error) {
      await handle.close().catch(() => {});
      await rm(file, { force: true }).catch(() => {});
      throw error;
    }
  }

  /** Undefined: there is no such object. @throws STORE_UNAVAILABLE */
  async getText(key: string): Promise<string | undefined> {
    const parts: Uint8Array[] = [];
    const isThere = await this.#fill(key, undefined, async bytes => void parts.push(bytes));
    return isThere ? Buffer.concat(parts).toString() : undefined;
  }

  /** What is not there is no fault. @throws STORE_UNAVAILABLE */
  async remove(key: string): Promise<void> {
    await this.#send(key, 'removed', ({ sdk, client }) =>
      client.send(new sdk.DeleteObjectCommand({ Bucket: this.#place.bucket, Key: this.#keyOf(key) })),
    );
  }

  /** Keys that begin so, without the store's own prefix. @throws STORE_UNAVAILABLE */
  async *list(prefix: string): AsyncIterable<string> {
    const { bucket: Bucket, prefix: own } = this.#place;
    let ContinuationToken: string | undefined;
    do {
      const page = await this.#send(undefined, 'listed', ({ sdk, client }) => {
        const more = ContinuationToken === undefined ? {} : { ContinuationToken };
        return client.send(new sdk.ListObjectsV2Command({ Bucket, Prefix: this.#keyOf(prefix), ...more }));
      });
      for (const { Key = '' } of page.Contents ?? []) yield Key.slice(own.length);
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
  }

  /** Uploads in parts that were begun below the prefix and not ended, as far as the first page has them. @throws STORE_UNAVAILABLE */
  async unfinished(prefix: string): Promise<readonly { readonly key: string; readonly id: string }[]> {
    const { bucket: Bucket, prefix: own } = this.#place;
    const { Uploads = [] } = await this.#send(undefined, 'listed', ({ sdk, client }) =>
      client.send(new sdk.ListMultipartUploadsCommand({ Bucket, Prefix: this.#keyOf(prefix) })),
    );
    return Uploads.map(({ Key = '', UploadId: id = '' }) => ({ key: Key.slice(own.length), id }));
  }

  /** @throws STORE_UNAVAILABLE */
  async giveUp(key: string, id: string): Promise<void> {
    const at = { Bucket: this.#place.bucket, Key: this.#keyOf(key), UploadId: id };
    await this.#send(key, 'removed', ({ sdk, client }) => client.send(new sdk.AbortMultipartUploadCommand(at)));
  }

  async dispose(): Promise<void> {
    const opened = await this.#opened?.catch(() => undefined);
    opened?.client.destroy();
  }

  /** Under the condition that nothing is there; a retry that finds what it has itself written is content. */
  async #written(
    key: string,
    sha256: string,
    put: (opened: { sdk: Sdk; client: S3Client }, common: PutCommon) => Promise<void>,
  ): Promise<void> {
    const common = {
      Bucket: this.#place.bucket,
      Key: this.#keyOf(key),
      IfNoneMatch: '*',
      Metadata: { [sumKey]: sha256 },
    };
    for (let attempt = 1; ; attempt++) {
      try {
        return await put(await this.#open(), common);
      } catch (error) {
        if (error instanceof CycleboxError) throw error;
        // Another request for the same key was under way.
        if (s3StatusOf(error) === 409 && attempt < tries) continue;
        if (!isThereAlready(error)) throw this.#fault(error, key, 'written');
        if ((await this.#sumOf(key)) === sha256) return;
        if (s3StatusOf(error) !== 412) throw this.#fault(error, key, 'written');
        const place = shownPlace({ ...this.#place, key: this.#keyOf(key) });
        throw new CycleboxError('FILE_EXISTS', `${place} is there with another content, and is not overwritten.`);
      }
    }
  }

  /** @throws STORE_UNAVAILABLE */
  async has(key: string): Promise<boolean> {
    try {
      const { sdk, client } = await this.#open();
      await client.send(new sdk.HeadObjectCommand({ Bucket: this.#place.bucket, Key: this.#keyOf(key) }));
      return true;
    } catch (error) {
      if (s3StatusOf(error) === 404) return false;
      throw this.#fault(error, key, 'read');
    }
  }

  async #sumOf(key: string): Promise<string | undefined> {
    const found = await this.#send(key, 'read', ({ sdk, client }) =>
      client.send(new sdk.HeadObjectCommand({ Bucket: this.#place.bucket, Key: this.#keyOf(key) })),
    ).catch(() => undefined);
    return found?.Metadata?.[sumKey];
  }

  /** Hands on the content, once, from its beginning to its end. @returns false: there is none */
  async #fill(
    key: string,
    signal: AbortSignal | undefined,
    take: (bytes: Uint8Array) => Promise<void>,
  ): Promise<boolean> {
    try {
      const { sdk, client } = await this.#open();
      const at = { Bucket: this.#place.bucket, Key: this.#keyOf(key) };
      const [idleMs, clock] = [this.#idleMs, this.#clock];
      const got = await download({ sdk, client, at, idleMs, clock, signal, tries, take });
      if (got === undefined) return false;
      const wanted = got.metadata[sumKey];
      if (wanted !== undefined && wanted !== got.sha256) throw this.#damaged(key);
      return true;
    } catch (error) {
      throw this.#fault(error, key, 'read');
    }
  }

  #open(): Promise<{ readonly sdk: Sdk; readonly client: S3Client }> {
    this.#opened ??= openClient(this.#place);
    return this.#opened;
  }

  async #send<T>(
    key: string | undefined,
    doing: string,
    request: (opened: { readonly sdk: Sdk; readonly client: S3Client }) => Promise<T>,
  ): Promise<T> {
    try {
      return await request(await this.#open());
    } catch (error) {
      throw this.#fault(error, key, doing);
    }
  }

  #keyOf(key: string): string {
    return this.#place.prefix + key;
  }

  #fault(error: unknown, key: string | undefined, doing: string): CycleboxError {
    const { bucket, endpoint } = this.#place;
    return storeFault(error, { bucket, endpoint, doing, ...(key !== undefined && { key: this.#keyOf(key) }) });
  }

  #damaged(key: string): CycleboxError {
    const message = `${shownPlace({ ...this.#place, key: this.#keyOf(key) })} is not what was written there: its SHA-256 is another.`;
    return new CycleboxError('STORE_UNAVAILABLE', message);
  }
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function sumOfParts({ size, read }: RegularFile, partBytes: number): Promise<string> {
  const hash = createHash('sha256');
  for (let at = 0; at < size; at += partBytes) hash.update(await read(at, partBytes));
  return hash.digest('hex');
}

async function openClient({ region, endpoint, forcePathStyle }: S3Place) {
  // It tells programmers on its terminal which Node it will need some day; that is for this package to follow.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  const sdk = await import('@aws-sdk/client-s3');
  const own = endpoint === undefined ? {} : { endpoint };
  const named = region ?? (endpoint !== undefined && !process.env['AWS_REGION'] ? 'us-east-1' : undefined);
  const client = new sdk.S3Client({
    ...own,
    ...(named !== undefined && { region: named }),
    forcePathStyle,
    maxAttempts: tries,
    // Sums of the client's own are refused by some servers of others; ours are checked instead.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { connectionTimeout: 5000, socketTimeout: 30_000 },
  });
  return { sdk, client };
}

/** Or may be: an upload that is not known any more may have ended with a request whose answer was lost. */
function isThereAlready(error: unknown): boolean {
  return s3StatusOf(error) === 412 || s3CodeOf(error) === 'NoSuchUpload';
}

function writeFault(error: unknown, file: string): CycleboxError {
  const message = `${file} could not be written: ${(error as Error).message}.`;
  return new CycleboxError('WRITE_FAILED', message, { subject: { file }, cause: error });
}
