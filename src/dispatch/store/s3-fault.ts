/**
 * What an S3 server or the way to it has against a request, in words that name bucket, key and remedy. Pure judgement of errors that
 * the client throws.
 */
import { CycleboxError, systemCodeOf } from '../../base/index.js';

export interface S3Asked {
  readonly bucket: string;
  /** Undefined for Amazon's own. */
  readonly endpoint: string | undefined;
  /** Undefined for what concerns the bucket. */
  readonly key?: string | undefined;
  /** `write`, `read`, … */
  readonly doing: string;
}

interface ClientError {
  readonly name?: string;
  readonly message?: string;
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/** The server's word for it, where there is one. */
export function s3CodeOf(error: unknown): string {
  return (error as ClientError | undefined)?.name ?? '';
}

export function s3StatusOf(error: unknown): number | undefined {
  return (error as ClientError | undefined)?.$metadata?.httpStatusCode;
}

const remedies: Readonly<Record<string, string>> = {
  NoSuchBucket: 'there is no such bucket. Make it, or correct "bucket" in the configuration\'s "store"',
  AccessDenied:
    'the credentials may not do that. They need s3:GetObject, s3:PutObject, s3:DeleteObject and s3:AbortMultipartUpload on its objects, and s3:ListBucket and s3:ListBucketMultipartUploads on the bucket',
  InvalidAccessKeyId: 'the access key is not known there. See AWS_ACCESS_KEY_ID, or the profile that is used',
  SignatureDoesNotMatch: 'the secret key is not the one of the access key. See AWS_SECRET_ACCESS_KEY',
  ExpiredToken: 'the credentials have expired. Renew them',
  CredentialsProviderError:
    'no credentials were found. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the machine a role or a profile',
  RequestTimeTooSkewed: "this machine's clock is wrong. Set it, best by NTP",
  AuthorizationHeaderMalformed: 'the bucket is in another region. Correct "region" in "store"',
  PermanentRedirect:
    'the bucket is in another region, or "endpoint" is not its. Correct "region" or "endpoint" in "store"',
  NotImplemented: 'the server cannot do that. It takes one with conditional writes (If-None-Match)',
  TimeoutError: 'nothing came for too long. See the network and "endpoint" in "store"',
};

const systemRemedies: Readonly<Record<string, string>> = {
  ENOTFOUND:
    'there is no such host. Correct "endpoint" or "region" in "store", or "forcePathStyle" where the server knows no bucket as a host',
  EAI_AGAIN: 'the name of the host cannot be looked up. See the network and its name server',
  ECONNREFUSED: 'nothing listens there. Start the server, or correct "endpoint" in "store"',
  ECONNRESET: 'the connection was cut. See the network between this machine and it',
  EPIPE: 'the connection was cut. See the network between this machine and it',
  ETIMEDOUT: 'it does not answer. See the network and "endpoint" in "store"',
  EHOSTUNREACH: 'there is no way to the host. See the network and "endpoint" in "store"',
};

/** @returns STORE_UNAVAILABLE; a coded error as it is */
export function storeFault(error: unknown, asked: S3Asked): CycleboxError {
  if (error instanceof CycleboxError) return error;
  const why = remedyOf(error as ClientError);
  return new CycleboxError('STORE_UNAVAILABLE', `${shownPlace(asked)} could not be ${asked.doing}: ${why}.`, {
    cause: error,
  });
}

export function shownPlace({ bucket, key, endpoint }: Omit<S3Asked, 'doing'>): string {
  const where = endpoint === undefined ? '' : ` at ${endpoint}`;
  return key === undefined ? `The bucket ${bucket}${where}` : `${key} in the bucket ${bucket}${where}`;
}

function remedyOf(error: ClientError): string {
  const known = remedies[s3CodeOf(error)] ?? systemRemedies[systemCodeOf(error) ?? error.code ?? ''];
  if (known !== undefined) return known;
  const status = s3StatusOf(error);
  // A HEAD has no body that says more.
  if (status === 403) return remedies['AccessDenied'] as string;
  if (/Region is missing/i.test(error.message ?? ''))
    return 'no region is named. Set "region" in "store", or AWS_REGION';
  if (/[Dd]eserialization|Expected closing tag|not valid XML|char '/.test(error.message ?? ''))
    return `what answers is not an S3 server (${firstLine(error.message)}). Correct "endpoint" in "store"`;
  return `${firstLine(error.message) || s3CodeOf(error)}${status === undefined ? '' : ` (status ${status})`}`;
}

function firstLine(text = ''): string {
  return (text.split('\n')[0] ?? '').replace(/\.$/, '');
}
