/**
 * Calls results as the route says (`name`), else as the pair's manifest does (`output.name`), where either says anything. Which names
 * are taken, and what then, is the publisher's business.
 */
import { posix, relative, sep } from 'node:path';
import type { RelativePath } from '../base/index.js';
import type { Runner } from '../inbox/index.js';
import { type ImageFormat, nameAfter, nameFactsOf, nameForFormat } from '../picture/index.js';
import { outputOf, type ResolvedConfig } from './config/index.js';

type Named = Pick<ResolvedConfig, 'routeFor' | 'catalog'>;

/** The template that holds for an image, by the route that it has now; undefined: it keeps its name. */
export function nameTemplateFor({ routeFor, catalog }: Named, path: RelativePath, key: string): string | undefined {
  const [id] = key.split('/');
  return routeFor(path)?.name ?? catalog.pairs.find(pair => pair.id === id)?.output?.name;
}

/** A runner whose results are named by the configuration as it is when they are done. */
export function withOutputNames(runner: Runner, resolved: () => Named, now = () => new Date()): Runner {
  return {
    ...runner,
    async run(request) {
      // Where it comes is nobody's choice but the configuration's.
      const { folder: _, ...report } = await runner.run(request);
      const path = relative(request.expected.root, request.source).split(sep).join('/');
      const key = report.translation ?? request.translation.key;
      const template = nameTemplateFor(resolved(), path, key);
      if (template === undefined) return report;
      const { name, width, height, takenAt, source } = report;
      const facts = { path, name, width, height, takenAt, sha256: source?.sha256, at: now() };
      return { ...report, ...nameAfter(template, nameFactsOf({ ...facts, ...directionOf(key, resolved()) })) };
    },
  };
}

function directionOf(key: string, { catalog }: Named) {
  const [id = '', to = ''] = key.split('/');
  const pair = catalog.pairs.find(each => each.id === id);
  return { pair: id, from: pair?.domains.find(domain => domain !== to), to };
}

/**
 * Where a result would come, as far as that is known before it is made: what is not stays in braces, and so does the
 * extension of a format that only the image itself knows for sure.
 */
export function likelyOutput(
  resolved: Named,
  path: RelativePath,
  { key, version }: { readonly key: string; readonly version: string },
): RelativePath {
  const format: ImageFormat | undefined = outputOf(version).format;
  const own = posix.basename(path);
  const name = format === undefined ? own : nameForFormat(own, format);
  const template = nameTemplateFor(resolved, path, key);
  if (template === undefined) return posix.join(posix.dirname(path), name);
  const at = new Date();
  const facts = nameFactsOf({ path, name, width: '{width}', height: '{height}', at, ...directionOf(key, resolved) });
  const after = nameAfter(template, { ...facts, time: '{time}', taken: '{taken}', hash: '{hash}' });
  return posix.join(after.folder ?? posix.dirname(path), after.name);
}
