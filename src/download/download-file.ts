/**
 * Fetches one file from the first address that has it, and gives it its name only when it is whole and, where a hash is
 * known, the right one. What an interrupted call has fetched stays beside the name as `NAME.part`, and the next call
 * goes on from there. It knows nothing of what the file is for.
 */
import { mkdir, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { type Clock, CycleboxError, systemClock } from '../base/index.js';
import { BackOff } from '../process/index.js';
import type { ContentKind } from './content-kind.js';
import { PartialFile } from './partial-file.js';
import { type TransferEnd, type TransferOptions, transfer } from './transfer.js';

export interface DownloadProgress {
  readonly receivedBytes: number;
  /** Undefined where neither the server nor the caller knows. */
  readonly totalBytes: number | undefined;
}

export interface DownloadRequest {
  /** Of the same file, in the order in which to try them. */
  readonly addresses: readonly string[];
  /** The file's path; its folder is made if need be. */
  readonly to: string;
  readonly kind: ContentKind;
  /** What was published, or pinned at the first pull; a file that differs is refused. */
  readonly sizeBytes?: number | undefined;
  readonly sha256?: string | undefined;
  /** Refuses a larger file (default: 4 GiB). */
  readonly maxBytes?: number | undefined;
  /** How often an address is tried in a row without a byte of progress (default: 5). */
  readonly tries?: number | undefined;
  /** The delay before the second try, which doubles from try to try (default: 1000). */
  readonly firstDelayMs?: number | undefined;
  /** A connection that brings nothing for so long is given up (default: 30 000). */
  readonly idleMs?: number | undefined;
  /** What to do instead, for the end of the message when no address has the file. */
  readonly remedy?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly clock?: Clock | undefined;
  readonly onProgress?: ((progress: DownloadProgress) => void) | undefined;
  /** Told of every try that ended early, in words: `https://… ended after 12 of 20 bytes`. */
  readonly onTrouble?: ((text: string) => void) | undefined;
}

export interface Downloaded {
  readonly path: string;
  readonly sizeBytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
  /** Where it came from in the end, after redirects. */
  readonly address: string;
  /** What was there already when the last connection was made. */
  readonly resumedFromBytes: number;
}

/**
 * @throws CycleboxError DOWNLOAD_FAILED with what became of each address, DOWNLOAD_MISMATCH when one has another file
 * than it should, WRITE_FAILED, CANCELLED
 */
export async function downloadFile(request: DownloadRequest): Promise<Downloaded> {
  await mkdir(dirname(request.to), { recursive: true });
  const part = new PartialFile(request.to);
  const failures: Failure[] = [];
  for (const address of request.addresses) {
    const ended = await fromAddress(address, part, request);
    if ('path' in ended) return ended;
    failures.push(ended);
  }
  throw failed(request, failures);
}

interface Failure {
  readonly text: string;
  readonly isOther: boolean;
}

async function fromAddress(
  address: string,
  part: PartialFile,
  request: DownloadRequest,
): Promise<Downloaded | Failure> {
  const { tries = 5, firstDelayMs = 1000 } = request;
  const backOff = new BackOff({ firstMs: firstDelayMs });
  let most = await part.sizeBytes();
  for (;;) {
    const ended = await transfer(address, part, transferOptions(request));
    const judged = ended.kind === 'complete' ? await judge(ended, part, request) : ended;
    if ('path' in judged) return judged;
    const text = `${address} ${judged.reason}`;
    request.onTrouble?.(text);
    const there = await part.sizeBytes();
    if (there > most) backOff.reset();
    most = Math.max(most, there);
    const delayMs = backOff.next();
    if (judged.kind === 'refused' || backOff.failures >= tries)
      return { text, isOther: judged.kind === 'refused' && judged.isOther === true };
    await pause(Math.max(delayMs, judged.afterMs ?? 0), request);
  }
}

function transferOptions(request: DownloadRequest): TransferOptions {
  const { kind, sizeBytes, sha256, maxBytes = 2 ** 32, idleMs = 30_000, clock = systemClock, signal } = request;
  const onBytes = (receivedBytes: number, totalBytes: number | undefined) =>
    request.onProgress?.({ receivedBytes, totalBytes });
  return { kind, sizeBytes, sha256, maxBytes, idleMs, clock, signal, onBytes };
}

type NotThere = Exclude<TransferEnd, { kind: 'complete' }>;

/** Whether what came is the file. Joined parts that are not it are dropped, and fetched once more from the start. */
async function judge(
  { address, resumedFromBytes }: Extract<TransferEnd, { kind: 'complete' }>,
  part: PartialFile,
  { to, sha256: expected }: DownloadRequest,
): Promise<Downloaded | NotThere> {
  const sha256 = await part.sha256();
  if (expected === undefined || sha256 === expected) {
    await part.finish();
    return { path: to, sizeBytes: (await stat(to)).size, sha256, address, resumedFromBytes };
  }
  await part.drop();
  const reason = `has a file with the SHA-256 ${sha256} where ${expected} was expected`;
  return resumedFromBytes > 0 ? { kind: 'interrupted', reason } : { kind: 'refused', reason, isOther: true };
}

/** @throws CycleboxError CANCELLED */
async function pause(delayMs: number, { clock = systemClock, signal, to }: DownloadRequest): Promise<void> {
  let wake = () => {};
  const woken = new Promise<void>(resolve => {
    wake = resolve;
  });
  const timer = clock.after(delayMs, wake);
  signal?.addEventListener('abort', wake);
  if (signal?.aborted) wake();
  await woken;
  signal?.removeEventListener('abort', wake);
  void timer.dispose();
  if (signal?.aborted) throw new CycleboxError('CANCELLED', `Fetching ${basename(to)} was cancelled.`);
}

function failed({ to, remedy = '' }: DownloadRequest, failures: readonly Failure[]): CycleboxError {
  const message =
    `${basename(to)} could not be fetched: ${failures.map(({ text }) => text).join('; ')}. ${remedy}`.trim();
  const code = failures.some(({ isOther }) => isOther) ? 'DOWNLOAD_MISMATCH' : 'DOWNLOAD_FAILED';
  return new CycleboxError(code, message, { subject: { file: to } });
}
