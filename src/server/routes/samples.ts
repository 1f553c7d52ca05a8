/**
 * The images that come with the package, to try a route with: those of its direction, in folders named `FROM-to-TO`. They go the way of
 * uploads, into the route's folder of the inbox.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { CycleboxError, packageRoot, readRegularFile } from '../../base/index.js';
import type { Route } from '../../daemon/index.js';
import { receiveUpload, routeNamed, type UploadRequest } from './upload.js';

const folder = join(packageRoot, 'samples');
/** So many of a direction are enough to see what it does. */
const mostAtOnce = 3;
const mostBytes = 16 * 1024 * 1024;

/** Names of the samples of each direction, by folder. Empty in an installation that has none. */
export async function samplesByFolder(): Promise<ReadonlyMap<string, readonly string[]>> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const folders = entries.filter(entry => entry.isDirectory()).map(({ name }) => name);
  return new Map(
    await Promise.all(folders.map(async name => [name, (await readdir(join(folder, name))).sort()] as const)),
  );
}

export function samplesFor(
  { from, to }: Pick<Route, 'from' | 'to'>,
  samples: ReadonlyMap<string, readonly string[]>,
): readonly string[] {
  return samples.get(`${from}-to-${to}`)?.slice(0, mostAtOnce) ?? [];
}

/**
 * @returns their paths, relative to the inbox
 * @throws ROUTE_NOT_FOUND, FILE_NOT_FOUND where there are none for the route, WRITE_FAILED
 */
export async function sendSamples(request: Pick<UploadRequest, 'inbox' | 'routes' | 'route'>): Promise<string[]> {
  const route = routeNamed(request.routes, request.route);
  const names = samplesFor(route, await samplesByFolder());
  if (names.length === 0)
    throw new CycleboxError('FILE_NOT_FOUND', `No samples come with cyclebox for ${route.from} → ${route.to}.`);
  const paths: string[] = [];
  for (const name of names) {
    const bytes = await readRegularFile(join(folder, `${route.from}-to-${route.to}`, name));
    const content = Readable.from([bytes]);
    paths.push((await receiveUpload({ ...request, name, content, mostBytes })).path);
  }
  return paths;
}
