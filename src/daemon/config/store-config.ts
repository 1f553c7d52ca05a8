/**
 * The keys of `watch-config.json` that say what images, results and models go through between a daemon and its workers. What they mean
 * is in docs/many-machines.md. Credentials are none of them: the client finds them where Amazon's tools do.
 */
import { join } from 'node:path';
import { z } from 'zod';
import { defaultCacheFolder } from '../../base/index.js';
import type { S3Place } from '../../dispatch/index.js';

export const s3Schema = z
  .strictObject({
    bucket: z
      .string()
      .regex(
        /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
        'must be the name of a bucket: 3 to 63 lower-case letters, digits, dots and hyphens',
      )
      .describe('The bucket, which must be there.'),
    prefix: z
      .string()
      .max(200)
      .regex(
        /^([0-9A-Za-z_.-]+\/)*[0-9A-Za-z_.-]*$/,
        'must be words of letters, digits, ".", "_" and "-" with slashes between them',
      )
      .optional()
      .describe('Stands before the keys of everything that is put there. Default "cyclebox".'),
    region: z
      .string()
      .regex(/^[a-z0-9-]{1,40}$/, 'must be the name of a region, such as "eu-central-1"')
      .optional()
      .describe('The region. Default: what AWS_REGION or the profile says; with "endpoint", "us-east-1".'),
    endpoint: z
      .url({ protocol: /^https?$/, error: 'must be an http or https address' })
      .optional()
      .describe('The address of a server other than Amazon\'s, such as "https://minio.example:9000".'),
    forcePathStyle: z
      .boolean()
      .optional()
      .describe('True: the bucket stands in the path, not in the host\'s name. Default: true with "endpoint".'),
  })
  .describe('A bucket of an S3 server: daemon and workers share it, and no folders.');

export const storeSchema = z
  .strictObject({
    s3: s3Schema.optional(),
    cache: z
      .string()
      .min(1, 'must not be empty')
      .optional()
      .describe(
        "Where a worker keeps models that it has fetched; relative to this file. Default: in the user's cache folder.",
      ),
    cacheMegabytes: z
      .int()
      .min(1)
      .max(10_000_000)
      .optional()
      .describe('Beyond that, fetched models go that were not used for the longest time. Default 10000.'),
  })
  .describe(
    'What images, results and models go through between the daemon and its workers. Default: the shared folders.',
  );

/** What the code reads. */
export interface StoreConfig {
  /** Undefined: inbox and outbox are shared. */
  readonly s3: S3Place | undefined;
  /** Absolute. */
  readonly cache: string;
  readonly cacheBytes: number;
}

/** @param inFolder makes a path absolute */
export function resolveStore(given: z.infer<typeof storeSchema> = {}, inFolder: (path: string) => string): StoreConfig {
  const { s3, cache, cacheMegabytes = 10_000 } = given;
  return {
    s3: s3 && {
      bucket: s3.bucket,
      prefix: withSlash(s3.prefix ?? 'cyclebox'),
      region: s3.region,
      endpoint: s3.endpoint,
      forcePathStyle: s3.forcePathStyle ?? s3.endpoint !== undefined,
    },
    cache: cache === undefined ? join(defaultCacheFolder(), 'models') : inFolder(cache),
    cacheBytes: cacheMegabytes * 1e6,
  };
}

function withSlash(prefix: string): string {
  return prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`;
}
