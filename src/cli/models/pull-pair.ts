/**
 * The work of `cyclebox pairs pull`: tells the licence, fetches a published model, makes a plugin of it, and tries it. Ctrl-C
 * stops, and what was fetched stays for the next call. Without a name it lists what was published.
 */
import {
  findPublishedModel,
  licenceOfPublished,
  type ModelOrigin,
  type PublishedModel,
  publishedModels,
  pullModel,
} from '../../catalog/index.js';
import { configuredMirrors } from '../../download/index.js';
import { DownloadLine, exitCodes, printable, reportStop, stopOnSignals } from '../terminal/index.js';
import { describeImport } from './import-model.js';
import { selfTest } from './self-test.js';

export interface PullPairOptions {
  readonly plugins: string;
  readonly from?: string;
  readonly mirror?: readonly string[];
  readonly replace?: boolean;
  readonly json?: boolean;
}

/** @returns the exit code. @throws CycleboxError as `pullModel` */
export async function pullPair(name: string | undefined, options: PullPairOptions): Promise<number> {
  if (name === undefined) return listPublished(options.json === true);
  const { plugins, from, mirror = [], replace = false, json = false } = options;
  const model = findPublishedModel(name);
  // What is being agreed to comes before what is being done, also where stdout is for JSON.
  (json ? process.stderr : process.stdout).write(licenceText(model));
  const line = new DownloadLine();
  const stop = stopOnSignals();
  try {
    const pulled = await pullModel(model, {
      ...{ plugins, from, replace },
      mirrors: [...mirror, ...configuredMirrors()],
      signal: stop.signal,
      onProgress: progress => line.progress(progress),
      onTrouble: text => line.above(`${printable(text)}\n`),
    });
    line.dispose();
    const test = await selfTest(pulled.model);
    const text = `${originText(pulled.origin)}\n${describeImport(pulled, test)}`;
    process.stdout.write(json ? `${JSON.stringify({ ...pulled, selfTest: test }, null, 2)}\n` : text);
    return exitCodes.ok;
  } catch (error) {
    line.dispose();
    return reportStop(error, 'Stopped. Called again, the pull goes on from here.');
  } finally {
    stop.dispose();
  }
}

function licenceText(model: PublishedModel): string {
  const { weights, data } = licenceOfPublished(model);
  return `licence of the model: ${weights}\nlicence of its images: ${data}\n`;
}

function originText(origin: ModelOrigin): string {
  if (origin.kind === 'file') return `from ${origin.path}, SHA-256 ${origin.sha256}`;
  const pinned =
    origin.pinnedIn === undefined
      ? 'the file that was pinned before'
      : `nobody published a hash of it, so what came is pinned in ${origin.pinnedIn}`;
  return `from ${origin.address}; ${pinned}`;
}

function listPublished(json: boolean): number {
  const models = publishedModels.map(model => ({ ...model, licence: licenceOfPublished(model) }));
  const width = Math.max(...publishedModels.map(({ name }) => name.length));
  const lines = publishedModels.map(({ name, pair, from, to }) => `${name.padEnd(width)}  ${from} → ${to} of ${pair}`);
  process.stdout.write(json ? `${JSON.stringify({ models }, null, 2)}\n` : `${lines.join('\n')}\n`);
  return exitCodes.ok;
}
