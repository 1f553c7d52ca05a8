/**
 * Calls results as the pair's manifest says (`output.name`), where it says anything: the folder stays the image's, the extension
 * that of the result's format. Which names are taken, and what then, is the publisher's business.
 */
import { posix } from 'node:path';
import type { DomainPair, PluginCatalog } from '../catalog/index.js';
import type { Runner } from '../inbox/index.js';

/** A runner whose results are named by the pairs of the catalogue as it is when they are done. */
export function withOutputNames(runner: Runner, catalog: () => PluginCatalog): Runner {
  return {
    ...runner,
    async run(request) {
      const report = await runner.run(request);
      const [id, to = ''] = (report.translation ?? request.translation.key).split('/');
      const pair = catalog().pairs.find(each => each.id === id);
      return pair?.output === undefined ? report : { ...report, name: outputName(pair, to, report.name) };
    },
  };
}

/** @param name of the image, with the extension of the result */
export function outputName({ id, domains, output }: DomainPair, to: string, name: string): string {
  if (output === undefined) return name;
  const { name: stem, ext } = posix.parse(name);
  const from = domains.find(domain => domain !== to) ?? '';
  const words: Readonly<Record<string, string>> = { name: stem, pair: id, from, to };
  return `${output.name.replace(/\{(\w+)\}/g, (all, word: string) => words[word] ?? all)}${ext}`;
}
