/**
 * What is to be trained, as it lies in the store: options by the names of train.json, and folders relative to the two roots that every
 * machine has under "trainings" in its configuration, wherever it has mounted them.
 */
import { isAbsolute, join, posix, relative, resolve, sep } from 'node:path';
import { z } from 'zod';
import { CycleboxError } from '../../base/index.js';
import type { TrainingFile } from '../../training/index.js';

/** A run's name is that of its folder. */
export const runNamePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$/;

/** Options that name folders. */
export const folderOptions = ['a', 'b', 'testA', 'testB', 'warmStart'] as const;
export type FolderOption = (typeof folderOptions)[number];

const place = z.object({
  root: z.enum(['images', 'runs']),
  path: z.string().refine(path => path === '' || isInside(path), 'leads elsewhere'),
});

const orderSchema = z.object({
  version: z.literal(1),
  pair: z.string(),
  /** `any`, or an engine. */
  device: z.string().regex(/^[a-z0-9:-]{1,40}$/),
  folders: z.partialRecord(z.enum(folderOptions), place),
  options: z.record(z.string(), z.unknown()),
  host: z.string(),
  atMs: z.number(),
});

export type RunOrder = Readonly<z.infer<typeof orderSchema>>;

export interface TrainingRoots {
  /** Absolute, both, on this machine. */
  readonly images: string;
  readonly runs: string;
}

/** What a worker decides, or what would mean nothing there. */
const ownOptions: readonly string[] = ['out', 'engine', 'background', '$schema', ...folderOptions];

/**
 * @param options with absolute paths
 * @throws USAGE for a folder that other machines cannot see
 */
export function orderOf(
  options: TrainingFile & { readonly pair: string },
  roots: TrainingRoots,
  by: Pick<RunOrder, 'host' | 'atMs'>,
): RunOrder {
  const { engine = 'auto', stopAt } = options;
  if (stopAt !== undefined)
    throw new CycleboxError('USAGE', 'A queued training goes to its end: leave out stopAt, or set steps.');
  const folders = Object.fromEntries(
    folderOptions.flatMap(name => {
      const path = options[name];
      return path === undefined ? [] : [[name, sharedPlace(name, path, roots)]];
    }),
  );
  const others = Object.entries(options).filter(([name, value]) => !ownOptions.includes(name) && value !== undefined);
  const device = engine === 'auto' ? 'any' : engine;
  return { version: 1, pair: options.pair, device, folders, options: Object.fromEntries(others), ...by };
}

/** @throws PROTOCOL */
export function parseOrder(text: string, run: string): RunOrder {
  const { data, error } = orderSchema.safeParse(jsonIn(text));
  if (data) return data;
  const [issue] = error.issues;
  const why = `${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`.trim();
  throw new CycleboxError(
    'PROTOCOL',
    `The order of the run ${run} is not what this version of cyclebox writes: ${why}.`,
  );
}

/** The order's folders on this machine. */
export function foldersOf({ folders }: RunOrder, roots: TrainingRoots): Partial<Record<FolderOption, string>> {
  return Object.fromEntries(
    Object.entries(folders).map(([name, { root, path }]) => [name, join(roots[root], ...path.split('/'))]),
  );
}

export function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function sharedPlace(name: FolderOption, path: string, roots: TrainingRoots): z.infer<typeof place> {
  const absolute = resolve(path);
  for (const root of ['images', 'runs'] as const) {
    const below = relative(roots[root], absolute);
    if (isAbsolute(below) || below === '..' || below.startsWith(`..${sep}`)) continue;
    return { root, path: below.split(sep).join('/') };
  }
  const message = `${name} is ${absolute}; allowed: a folder below ${roots.images} ("trainings.images"), where workers see it, too.`;
  throw new CycleboxError('USAGE', `Training option ${message}`, { subject: { file: absolute } });
}

function isInside(path: string): boolean {
  return (
    !posix.isAbsolute(path) && !path.includes('\\') && posix.normalize(path) === path && path.split('/')[0] !== '..'
  );
}
