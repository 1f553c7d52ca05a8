/**
 * What a watcher and its workers say to each other through Redis, checked where it is read: who may write there is not known here.
 * Paths are relative to the inbox, so that every machine may have it elsewhere; pixels never pass through Redis.
 */
import { posix } from 'node:path';
import { z } from 'zod';
import { CycleboxError, type ErrorData, type JobId, type RelativePath } from '../base/index.js';
import type { RunReport, Translation } from '../inbox/index.js';

const relativePath = z
  .string()
  .min(1)
  .refine(path => !posix.isAbsolute(path) && !path.includes('\\') && posix.normalize(path) === path, 'leads elsewhere')
  .refine(path => path.split('/')[0] !== '..', 'leads out of the inbox');

/** Stands in names of files and objects. */
const name = z.string().regex(/^[0-9A-Za-z-]{1,80}$/);

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const translation = z.object({ key: z.string(), version: z.string() });

const jobMessage = z.object({
  job: name,
  token: name,
  path: relativePath,
  translation,
  identity: z.string(),
  mayGrow: z.boolean(),
  alone: z.boolean(),
  timeoutMs: z.number().positive(),
});

/** One attempt at one job, for a worker. */
export interface JobMessage {
  readonly job: JobId;
  /** The attempt's: it names the result, and no other attempt has it. */
  readonly token: string;
  readonly path: RelativePath;
  readonly translation: Translation;
  /** What the watcher saw. */
  readonly identity: string;
  readonly mayGrow: boolean;
  /** Nothing is to run beside it on its machine. */
  readonly alone: boolean;
  readonly timeoutMs: number;
}

const report = z.looseObject({
  name: z.string().refine(text => text !== '' && posix.basename(text) === text && !text.includes('\\')),
  width: z.number(),
  height: z.number(),
  takenAt: z.string().optional(),
  bytes: z.number(),
  tiles: z.number(),
  decodeMs: z.number(),
  loadMs: z.number(),
  translateMs: z.number(),
  encodeMs: z.number(),
});

const error = z.looseObject({ code: z.string(), message: z.string(), subject: z.looseObject({}) });

const accompanied = z.boolean();

const jobReply = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('done'), report, accompanied }),
  z.object({ kind: z.literal('failed'), error, accompanied }),
  z.object({ kind: z.literal('not-done'), why: z.enum(['redelivered', 'stopping', 'unserved', 'unable']) }),
  z.object({ kind: z.literal('unoffered'), model: sha256 }),
]);

/** What became of an attempt. */
export type JobReply =
  | { readonly kind: 'done'; readonly report: RunReport; readonly accompanied: boolean }
  /** `accompanied`: another job ran at the same time on that machine. */
  | { readonly kind: 'failed'; readonly error: ErrorData; readonly accompanied: boolean }
  /**
   * Nothing was made. `redelivered`: its first worker had it and was lost; `stopping`: the worker gives it back; `unserved`: it has
   * no such translation; `unable`: it cannot reach the store, or its disk is full.
   */
  | { readonly kind: 'not-done'; readonly why: 'redelivered' | 'stopping' | 'unserved' | 'unable' }
  /** Nothing was made: the worker has not the model, and the store has not, either. */
  | { readonly kind: 'unoffered'; readonly model: string };

const device = z.looseObject({
  device: z.string(),
  name: z.string(),
  kind: z.string(),
  memory: z.array(z.string()),
  refused: z.array(z.string()),
});

const workerRecord = z.object({
  id: name,
  host: z.string(),
  pid: z.int(),
  version: z.string(),
  slots: z.int().min(1).max(10_000),
  isDraining: z.boolean(),
  translations: z.array(translation),
  fetchable: z.array(translation).default([]),
  store: z.string().default('folder'),
  loaded: z.array(z.string()),
  devices: z.array(device),
});

/** How a worker introduces itself, again and again. */
export interface WorkerRecord {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  readonly version: string;
  /** Jobs that it runs at a time. */
  readonly slots: number;
  /** It takes nothing more. */
  readonly isDraining: boolean;
  readonly translations: readonly Translation[];
  /** Those that it can do with whatever model it is given: `*` stands in the version for its hash. */
  readonly fetchable: readonly Translation[];
  /** Which store it has, as the store says it. */
  readonly store: string;
  /** Hashes of the models that it has in memory. */
  readonly loaded: readonly string[];
  readonly devices: readonly RemoteDevice[];
}

/** A device of a worker; what else it says of it goes through as it is. */
export interface RemoteDevice {
  readonly device: string;
  readonly name: string;
  readonly kind: string;
  readonly memory: readonly string[];
  readonly refused: readonly string[];
}

/** @throws PROTOCOL */
export const parseJobMessage = (value: unknown): JobMessage => parse<JobMessage>(jobMessage, value, 'job');
/** @throws PROTOCOL */
export const parseJobReply = (value: unknown): JobReply => parse<JobReply>(jobReply, value, 'reply');
/** @throws PROTOCOL */
export const parseWorkerRecord = (text: string): WorkerRecord =>
  parse<WorkerRecord>(workerRecord, jsonIn(text), 'introduction of a worker');

function parse<T>(schema: z.ZodType, value: unknown, what: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data as T;
  const [issue] = result.error.issues;
  const why = `${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`.trim();
  throw new CycleboxError('PROTOCOL', `A ${what} in Redis is not what this version of cyclebox writes: ${why}.`);
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The hash of the model that a version names; `router` where it is chosen for each image. */
export function modelOf({ version }: Translation): string {
  return version.split(/[\^@#~]/)[0] ?? '';
}

/** The same translation with whatever model. */
export function withAnyModel({ key, version }: Translation): Translation {
  return { key, version: `*${version.slice(modelOf({ key, version }).length)}` };
}

export function hasTranslation(some: readonly Translation[], { key, version }: Translation): boolean {
  return some.some(one => one.key === key && one.version === version);
}
