/**
 * One object from S3 as a stream that is whole or fails: where the connection breaks or brings nothing for too long, the rest is asked
 * for, under the condition that the object is still the same. Who takes the bytes gets each once, in their order.
 */
import { createHash } from 'node:crypto';
import type { GetObjectCommandOutput, S3Client } from '@aws-sdk/client-s3';
import { type Clock, CycleboxError, throwIfAborted } from '../../base/index.js';
import { s3CodeOf, s3StatusOf } from './s3-fault.js';
import { aborted } from './s3-upload.js';

export interface Download {
  readonly sdk: typeof import('@aws-sdk/client-s3');
  readonly client: S3Client;
  readonly at: { readonly Bucket: string; readonly Key: string };
  /** A body of which nothing has come for so long is given up. */
  readonly idleMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
  /** Bodies that may break off, the last of which is the fault. */
  readonly tries: number;
  readonly take: (bytes: Uint8Array) => Promise<void>;
}

export interface Downloaded {
  /** Of what came. */
  readonly sha256: string;
  readonly metadata: Readonly<Record<string, string>>;
}

interface Got {
  bytes: number;
  etag: string | undefined;
  metadata: Readonly<Record<string, string>>;
}

/** @returns undefined: there is no such object @throws what the client throws; CANCELLED */
export async function download({ take, ...asked }: Download): Promise<Downloaded | undefined> {
  const hash = createHash('sha256');
  const got: Got = { bytes: 0, etag: undefined, metadata: {} };
  for (let attempt = 1; ; attempt++) {
    try {
      const answer = await answered(asked, got);
      if (!answer) return undefined;
      await received(answer, asked, async bytes => {
        hash.update(bytes);
        await take(bytes);
        got.bytes += bytes.length;
      });
      return { sha256: hash.digest('hex'), metadata: got.metadata };
    } catch (error) {
      throwIfAborted(asked.signal, 'The attempt was given up.');
      if (error instanceof CycleboxError || !brokeOff(error) || attempt >= asked.tries) throw error;
    }
  }
}

async function answered(
  { sdk, client, at, signal }: Omit<Download, 'take'>,
  got: Got,
): Promise<GetObjectCommandOutput | undefined> {
  const rest = got.bytes === 0 ? {} : { Range: `bytes=${got.bytes}-`, IfMatch: got.etag };
  try {
    const answer = await client.send(new sdk.GetObjectCommand({ ...at, ...rest }), aborted(signal));
    got.etag = answer.ETag;
    got.metadata = answer.Metadata ?? {};
    return answer;
  } catch (error) {
    if (s3CodeOf(error) === 'NoSuchKey') return undefined;
    throw error;
  }
}

async function received(
  { Body, ContentLength }: GetObjectCommandOutput,
  { signal, clock, idleMs }: Omit<Download, 'take'>,
  take: (bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  const body = Body as AsyncIterable<Uint8Array> & { destroy(error: Error): void };
  const stopped = () => body.destroy(new Error('the attempt was given up'));
  const watch = () => clock.after(idleMs, () => body.destroy(new Error('nothing came for too long')));
  signal?.addEventListener('abort', stopped, { once: true });
  let came = 0;
  let idle = watch();
  try {
    for await (const bytes of body) {
      void idle.dispose();
      await take(bytes);
      came += bytes.length;
      idle = watch();
    }
  } finally {
    void idle.dispose();
    signal?.removeEventListener('abort', stopped);
  }
  if (ContentLength !== undefined && came < ContentLength)
    throw new Error(`only ${came} of ${ContentLength} bytes came`);
}

/** An answer had come, and its body did not. */
function brokeOff(error: unknown): boolean {
  return (s3StatusOf(error) ?? 0) < 300;
}
