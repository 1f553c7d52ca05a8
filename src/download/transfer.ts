/**
 * One try to bring a file from one address: from its start, or on from the bytes that are there (HTTP ranges, RFC 9110
 * section 14). It says how the try ended and decides nothing: tries, mirrors and hashes are for who calls. What must
 * stay true: bytes of two versions of a file are never joined, unless a hash of the whole is known, which shows it.
 */
import { type Clock, CycleboxError, systemCodeOf } from '../base/index.js';
import { follow } from './follow.js';
import { IdleGuard } from './idle-guard.js';
import type { PartialFile, PartOrigin } from './partial-file.js';
import { BodyReceiver, type ReceiveOptions, type Refused } from './receive-body.js';

export interface TransferOptions extends ReceiveOptions {
  /** Of the whole, where it is known. */
  readonly sha256?: string | undefined;
  /** A connection that brings nothing for so long is given up. */
  readonly idleMs: number;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
}

export type TransferEnd =
  /** Everything that the server has is there. `address`: after redirects. */
  | { readonly kind: 'complete'; readonly address: string; readonly resumedFromBytes: number }
  /** Trying again may help. */
  | { readonly kind: 'interrupted'; readonly reason: string; readonly afterMs?: number | undefined }
  | Refused;

/** @throws CycleboxError WRITE_FAILED, CANCELLED */
export async function transfer(address: string, part: PartialFile, options: TransferOptions): Promise<TransferEnd> {
  const idle = new IdleGuard(options);
  try {
    return await attempt(address, part, options, idle);
  } catch (error) {
    if (options.signal?.aborted) throw new CycleboxError('CANCELLED', `Fetching ${address} was cancelled.`);
    if (error instanceof CycleboxError) throw error;
    if (idle.isUp) return { kind: 'interrupted', reason: `sent nothing for ${options.idleMs / 1000} s` };
    return brokenConnection(error);
  } finally {
    idle.dispose();
  }
}

async function attempt(
  address: string,
  part: PartialFile,
  options: TransferOptions,
  idle: IdleGuard,
): Promise<TransferEnd> {
  const there = await part.sizeBytes();
  const earlier = there > 0 ? await part.origin() : undefined;
  const from = earlier && mayGoOn(earlier, address, options) ? there : 0;
  const followed = await follow(address, requestHeaders(from, address, earlier), idle.signal);
  if (followed.kind === 'refused') return followed;
  const { response } = followed;
  const start = startOf(response, from);
  if (typeof start !== 'number') {
    await response.body?.cancel();
    if (start.kind === 'interrupted' && start.drop) await part.drop();
    return start.kind === 'complete' ? { ...start, address: followed.address, resumedFromBytes: from } : start;
  }
  const total = totalOf(response, start);
  const tooMuch = refuseSize(total, options);
  if (tooMuch) {
    await response.body?.cancel();
    return tooMuch;
  }
  const origin = newOrigin(address, response, options);
  const ended = await receive(response, new BodyReceiver(part, { start, total, origin }, options), idle);
  return ended ?? { kind: 'complete', address: followed.address, resumedFromBytes: start };
}

/** @returns how the body ended before its end; undefined when all came */
async function receive(response: Response, body: BodyReceiver, idle: IdleGuard): Promise<TransferEnd | undefined> {
  try {
    for await (const chunk of response.body ?? []) {
      idle.restart();
      const refused = await body.take(chunk);
      if (refused) return refused;
    }
    return await body.end();
  } catch (error) {
    await body.keep();
    throw error;
  } finally {
    await body.close();
  }
}

/** Bytes are gone on with when the same address says by its validator that it is the same file, or a hash will show it. */
function mayGoOn(origin: PartOrigin, address: string, { sha256 }: TransferOptions): boolean {
  if (sha256 !== undefined && origin.sha256 === sha256) return true;
  return origin.address === address && origin.validator !== undefined;
}

function requestHeaders(from: number, address: string, origin: PartOrigin | undefined): Record<string, string> {
  const headers: Record<string, string> = { 'accept-encoding': 'identity', 'user-agent': 'cyclebox' };
  if (from === 0) return headers;
  headers['range'] = `bytes=${from}-`;
  if (origin?.address === address && origin.validator !== undefined) headers['if-range'] = origin.validator;
  return headers;
}

type NoBody =
  | { readonly kind: 'complete' }
  | {
      readonly kind: 'interrupted';
      readonly reason: string;
      readonly afterMs?: number | undefined;
      readonly drop?: boolean;
    }
  | { readonly kind: 'refused'; readonly reason: string };

/** Where the body of an answer begins in the file, or what the answer means when it brings none of it. */
function startOf(response: Response, from: number): number | NoBody {
  const { status } = response;
  const [, first, total] = /^bytes (?:(\d+)-\d+|\*)\/(\d+|\*)$/.exec(response.headers.get('content-range') ?? '') ?? [];
  if (status === 200) return 0;
  if (status === 206 && from > 0 && Number(first) === from) return from;
  if (status === 416 && from > 0 && Number(total) === from) return { kind: 'complete' };
  if (status === 206 || status === 416)
    return { kind: 'interrupted', reason: `did not go on from byte ${from}`, drop: true };
  const reason = `answered ${status} ${response.statusText}`.trim();
  if (status === 408 || status === 425 || status === 429 || status >= 500)
    return { kind: 'interrupted', reason, afterMs: retryAfterMs(response) };
  return { kind: 'refused', reason };
}

/** What Retry-After asks for in seconds; a date is not honoured, and more than a minute is cut to one. */
function retryAfterMs(response: Response): number | undefined {
  const seconds = /^\d+$/.exec(response.headers.get('retry-after') ?? '')?.[0];
  return seconds === undefined ? undefined : Math.min(60, Number(seconds)) * 1000;
}

/** Bytes of the whole file, as the answer announces them. */
function totalOf(response: Response, start: number): number | undefined {
  if (response.headers.has('content-encoding')) return undefined;
  const length = response.headers.get('content-length');
  return length !== null && /^\d+$/.test(length) ? start + Number(length) : undefined;
}

function refuseSize(total: number | undefined, { sizeBytes, maxBytes }: TransferOptions): Refused | undefined {
  if (total === undefined) return undefined;
  if (sizeBytes !== undefined && total !== sizeBytes)
    return { kind: 'refused', reason: `has ${total} bytes where ${sizeBytes} were published`, isOther: true };
  if (total > maxBytes)
    return { kind: 'refused', reason: `has ${total} bytes, more than the ${maxBytes} that are taken` };
  return undefined;
}

function newOrigin(address: string, response: Response, { sha256 }: TransferOptions): PartOrigin {
  const etag = response.headers.get('etag');
  const validator = etag?.startsWith('"') ? etag : response.headers.get('last-modified');
  const trusted = response.headers.has('content-encoding') ? null : validator;
  return { address, ...(trusted !== null && { validator: trusted }), ...(sha256 !== undefined && { sha256 }) };
}

/** Codes that another try on the same address will not change. What has no code is no matter of the connection. */
const lasting =
  /^(?:ENOTFOUND|EAI_AGAIN|ENETUNREACH|EHOSTUNREACH|ECONNREFUSED|ERR_TLS|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|ERR_INVALID)/;

function brokenConnection(error: unknown): TransferEnd {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = (cause as { code?: unknown }).code;
  const name = typeof code === 'string' ? code : (systemCodeOf(error) ?? '');
  const message = cause instanceof Error ? cause.message : String(cause);
  const reason = `could not be read: ${message}${name && !message.includes(name) ? ` (${name})` : ''}`;
  return { kind: name === '' || lasting.test(name) ? 'refused' : 'interrupted', reason };
}
