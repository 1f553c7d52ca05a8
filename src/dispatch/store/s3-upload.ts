/**
 * A large file to S3 in parts, a few at a time: each is read when its turn comes and can be sent again. It becomes an object with the
 * last request, under the same condition as one that is written at once, and what came of one that fails is removed.
 */
import type { S3Client } from '@aws-sdk/client-s3';
import { CycleboxError, type RegularFile } from '../../base/index.js';

/** What every request that makes an object says of it. */
export interface PutCommon {
  readonly Bucket: string;
  readonly Key: string;
  readonly IfNoneMatch: string;
  readonly Metadata: Record<string, string>;
}

export interface PartsUpload {
  readonly sdk: typeof import('@aws-sdk/client-s3');
  readonly client: S3Client;
  readonly common: PutCommon;
  readonly file: RegularFile;
  readonly partBytes: number;
  readonly signal: AbortSignal | undefined;
}

/** S3's limit. */
const mostParts = 10_000;
const atATime = 4;

interface Part {
  readonly ETag: string | undefined;
  readonly PartNumber: number;
}

export async function uploadInParts(upload: PartsUpload): Promise<void> {
  const { sdk, client, common, signal } = upload;
  const { IfNoneMatch, Metadata, ...at } = common;
  const options = aborted(signal);
  const { UploadId } = await client.send(new sdk.CreateMultipartUploadCommand({ ...at, Metadata }), options);
  try {
    const Parts = await sendParts(upload, String(UploadId), options);
    const whole = { ...at, UploadId, IfNoneMatch, MultipartUpload: { Parts: [...Parts] } };
    await client.send(new sdk.CompleteMultipartUploadCommand(whole), options);
  } catch (error) {
    await client.send(new sdk.AbortMultipartUploadCommand({ ...at, UploadId })).catch(() => {});
    throw error;
  }
}

async function sendParts(
  { sdk, client, common, file, partBytes }: PartsUpload,
  UploadId: string,
  options: { readonly abortSignal?: AbortSignal },
): Promise<readonly Part[]> {
  const { size } = file;
  const bytes = Math.max(partBytes, Math.ceil(size / mostParts));
  const count = Math.ceil(size / bytes);
  const parts: Part[] = [];
  let next = 0;
  const sendInTurn = async () => {
    while (next < count) {
      const index = next++;
      const Body = await file.read(index * bytes, Math.min(bytes, size - index * bytes));
      if (Body.length === 0) throw new CycleboxError('FILE_UNREADABLE', 'The file became shorter while it was read.');
      const part = { Bucket: common.Bucket, Key: common.Key, UploadId, PartNumber: index + 1, Body };
      const { ETag } = await client.send(new sdk.UploadPartCommand(part), options);
      parts[index] = { ETag, PartNumber: index + 1 };
    }
  };
  const lanes = Array.from({ length: Math.min(atATime, count) }, sendInTurn);
  try {
    await Promise.all(lanes);
  } catch (error) {
    next = count;
    await Promise.allSettled(lanes);
    throw error;
  }
  return parts;
}

export function aborted(signal: AbortSignal | undefined): { readonly abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal };
}
